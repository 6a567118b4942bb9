// Generates the Prisma client. That needs no engine, but the command downloads one unless it is told where one is.
import { spawnSync } from 'node:child_process';

const { status } = spawnSync('npx', ['prisma', 'generate', '--no-hints'], {
  env: {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
});
process.exitCode = status ?? 1;
