import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

/** Where, when and of what a run measures, and with which Node.js. */
export function circumstances(command, nodes) {
  const [{ model }] = cpus();
  const memory = Math.round(totalmem() / 1_024 ** 3);
  const machine = `${process.platform}-${process.arch}, ${cpus().length} × ${model.trim()}, ${memory} GB`;
  const date = new Date().toISOString().slice(0, 10);
  const versions = nodes.map(({ version }) => version).join(', ');
  return `\`${command}\` on ${date}, commit ${commit()}, Node.js ${versions}, ${machine}.`;
}

function commit() {
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    const changes = git('status', '--porcelain', '--', 'lib', 'bench');
    return `${git('rev-parse', '--short', 'HEAD')}${changes === '' ? '' : ' with changes'}`;
  } catch {
    return 'unknown';
  }
}
