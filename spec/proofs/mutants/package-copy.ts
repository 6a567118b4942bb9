import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from 'esbuild';

/** The project's own folder: compiled specs run from `.build/<mode>/mutants/`. */
export const root = fileURLToPath(new URL('../../../../', import.meta.url));
/** Where the copies of all runs are. They find their dependencies in the project's own folder, which is above. */
export const runs = join(root, '.build/mutants');
/** Where those of this run are: another one may go on beside it. */
export const copies = join(runs, String(process.pid));
const compiledSpecs = '.build/spec-standard';
const modules = '.build/modules';

// As the build does it: both forms are bundled.
const { bundleCommonJS, bundleModules, exportedModules }: BundleScript = await import(
  pathToFileURL(join(root, 'scripts/bundle.mjs')).href
);

interface BundleScript {
  bundleCommonJS(options: BundleOptions): Promise<void>;
  bundleModules(options: BundleOptions): Promise<void>;
  exportedModules(): readonly string[];
}

interface BundleOptions {
  readonly lib: string;
  readonly outdir: string;
  readonly exports: readonly string[];
}

export function sourceOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** Removes what ended runs have left. */
export function removeCopies(): void {
  for (const run of existsSync(runs) ? readdirSync(runs) : [])
    if (run === String(process.pid) || !isRunning(run))
      rmSync(join(runs, run), { recursive: true, force: true });
}

function isRunning(run: string): boolean {
  try {
    return /^\d+$/.test(run) && process.kill(Number(run), 0);
  } catch {
    return false;
  }
}

/** A whole package of its own, in which some of the sources differ. */
export class PackageCopy {
  readonly folder: string;

  constructor(
    readonly name: string,
    /** The text of the sources that differ. */
    readonly sources: ReadonlyMap<string, string>,
  ) {
    this.folder = join(copies, name);
  }

  /** Writes the sources that differ, to be read and checked by the compiler. */
  writeSources(): void {
    mkdirSync(this.folder, { recursive: true });
    copyFileSync(join(root, 'package.json'), join(this.folder, 'package.json'));
    for (const [file, text] of this.sources) this.#write(file, text);
  }

  /** Makes the package: what was built, what differs compiled anew, and the compiled specs. */
  async build(): Promise<void> {
    const differing = new Map<string, string>();
    for (const [file, text] of this.sources) {
      if (!file.startsWith('lib/')) continue;
      const { code } = await transform(text, {
        loader: 'ts',
        format: 'cjs',
        // So that what it exports can be seen without running it, as in what the compiler writes.
        platform: 'node',
        target: 'es2022',
        tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
      });
      differing.set(file.replace(/^lib/, modules).replace(/\.ts$/, '.js'), code);
    }
    this.#link('lib', /\.(?:ts|css)$/, (path) => this.sources.has(path));
    this.#link(modules, /\.js$|\/package\.json$/, (path) => differing.has(path));
    this.#link(compiledSpecs, /\.m?js$/, () => false);
    for (const [file, code] of differing) this.#write(file, code);
    if ([...this.sources.keys()].some((file) => file.startsWith('samples/'))) this.#addSamples();
    const [lib, exports] = [join(this.folder, 'lib'), exportedModules()];
    await Promise.all([
      bundleModules({ lib, outdir: join(this.folder, 'dist/esm'), exports }),
      bundleCommonJS({ lib, outdir: join(this.folder, 'dist/cjs'), exports }),
    ]);
    // What specs read besides: their data, and documents.
    for (const name of ['spec', 'docs', 'UPGRADING.md'])
      symlinkSync(join(root, name), join(this.folder, name));
  }

  /** The samples, which their specs compile: against the types that were built, since those do not differ. */
  #addSamples(): void {
    this.#link('samples', /\.(?:[jt]s|json|yaml|toml|prisma)$/, (path) => this.sources.has(path));
    this.#link('dist/esm', /\.d\.ts$/, () => false);
    linkSync(join(root, 'tsconfig.json'), join(this.folder, 'tsconfig.json'));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Takes no room: both are the same file. So those that differ must not be among them. */
  #link(folder: string, kind: RegExp, differs: (path: string) => boolean): void {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(root.length);
      if (!entry.isFile() || !kind.test(path) || path.includes('node_modules') || differs(path)) continue;
      mkdirSync(join(this.folder, dirname(path)), { recursive: true });
      linkSync(join(root, path), join(this.folder, path));
    }
  }

  #write(file: string, text: string): void {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
