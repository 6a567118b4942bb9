import { exercise } from './exercise.js';

exercise().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
