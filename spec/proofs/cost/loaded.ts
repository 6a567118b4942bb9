import { execFile } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../../', import.meta.url));

// Whether a library's code has run is known to V8: an ES module of ours has devalue in a function that is named after it, and
// JMESPath in the file of its export.
const probe = `
const { Session } = await import('node:inspector/promises');
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
const { makeIdempotent } = await load('index.js');
const crypto = process.moduleLoadList.includes('NativeModule crypto');
await work(makeIdempotent, load);
const { result } = await session.post('Profiler.takePreciseCoverage');
const ours = result.filter(({ url }) => url.startsWith(dist));
const ran = ours
  .flatMap(({ url, functions }) =>
    functions.filter(({ ranges }) => ranges[0].count > 0).map(({ functionName }) => url + functionName));
const library = (name) => ran.some((one) => one.includes(name));
const zlib = process.moduleLoadList.includes('NativeModule zlib');
console.log(JSON.stringify({ jmespath: library('jmespath/index.js'),
  devalue: library('run_devalue') || library('libraries/devalue'), zlib,
  crypto, files: new Set(ours.map(({ url }) => url)).size }));
`;

export interface Loaded {
  readonly jmespath: boolean;
  readonly devalue: boolean;
  readonly zlib: boolean;
  /** By the import alone. The first call loads it. */
  readonly crypto: boolean;
  /** How many files of the package. */
  readonly files: number;
}

/** What a process has loaded that imports the package in one form, and then does this work. `load` loads another export. */
export async function loadedBy(form: 'esm' | 'cjs', work: string): Promise<Loaded> {
  const folder = `${root}dist/${form}/`;
  const load =
    form === 'esm'
      ? 'import(folder + path)'
      : "(await import('node:module')).createRequire(folder)(folder + path)";
  const code = `
    const dist = ${JSON.stringify(pathToFileURL(folder).href)};
    const folder = ${JSON.stringify(folder)};
    const load = async (path) => ${load};
    const work = async (makeIdempotent, load) => { ${work} };
    ${probe}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: root });
  return JSON.parse(stdout);
}
