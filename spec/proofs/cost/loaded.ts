import { execFile } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../../', import.meta.url));

// Whether a library's code has run is known to V8, whatever bundled it: an ES module of ours has it in a function whose
// name is its path.
const probe = `
const { Session } = await import('node:inspector/promises');
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
const { makeIdempotent } = await load();
await work(makeIdempotent);
const { result } = await session.post('Profiler.takePreciseCoverage');
const ran = result
  .filter(({ url }) => url.startsWith(dist))
  .flatMap(({ url, functions }) =>
    functions.filter(({ ranges }) => ranges[0].count > 0).map(({ functionName }) => url + functionName));
const library = (name) => ran.some((one) => one.includes(name));
const zlib = process.moduleLoadList.includes('NativeModule zlib');
console.log(JSON.stringify({ jmespath: library('jmespath/dist') || library('jmespath-library'),
  devalue: library('devalue/src') || library('libraries/devalue'), zlib }));
`;

export interface Loaded {
  readonly jmespath: boolean;
  readonly devalue: boolean;
  readonly zlib: boolean;
}

/** What a process has loaded that imports the package in one form, and then does this work. */
export async function loadedBy(form: 'esm' | 'cjs', work: string): Promise<Loaded> {
  const entry = `${root}dist/${form}/index.js`;
  const load =
    form === 'esm'
      ? `import(${JSON.stringify(entry)})`
      : `(await import('node:module')).createRequire(${JSON.stringify(entry)})(${JSON.stringify(entry)})`;
  const code = `
    const dist = ${JSON.stringify(pathToFileURL(`${root}dist/${form}/`).href)};
    const load = async () => ${load};
    const work = async (makeIdempotent) => { ${work} };
    ${probe}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: root });
  return JSON.parse(stdout);
}
