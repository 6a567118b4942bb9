// Bundles what is built: lib/ as ES modules and as CommonJS, with the libraries that not every service uses.
//
// An import that has to find and read a hundred files takes three times as long as one of a few. So there is one file for
// each export, and few that they share. Both forms have the same files.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packageFile = (path) => fileURLToPath(import.meta.resolve(path));

/**
 * Those of our dependencies that are CommonJS. An ES module that imports CommonJS makes Node.js get its lexer of it ready,
 * which takes 7 ms: so what is bundled has a copy.
 */
export const inlined = ['fast-json-stable-stringify'];

/** The libraries that are loaded on demand, and the file of lib/ that is the one door to each. */
export const bundledLibraries = {
  devalue: 'process/libraries/devalue',
  'reflect-metadata/no-conflict': 'process/libraries/metadata',
};

/** The libraries that an export of the package imports, so that they are in its file. */
const imported = ['@jmespath-community/jmespath'];

/** All of which the bundles have a copy. */
const copied = [...Object.keys(bundledLibraries), ...imported, ...inlined];

/** The name that a door has in a bundle, together with its library. */
export const doorFile = (door) => `${door}.mjs`;

/** The file of lib/ that calls `require` for each of these doors. */
const onDemand = 'process/libraries/libraries';

/** All packages of which dist/ has a copy. */
export const bundledPackages = copied.map((path) => path.match(/^(?:@[^/]+\/)?[^/]+/)[0]);

/** The file of dist/ that has a package's licence. */
export const licenceOf = (name) => `${name.replace(/^.+\//, '')}.LICENSE`;

const { bin, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const settings = {
  bundle: true,
  platform: 'node',
  target: 'es2022',
  logLevel: 'warning',
  packages: 'external',
  define: { PACKAGE_VERSION: JSON.stringify(version) },
  // What is external is told by its name, so these have paths.
  alias: Object.fromEntries(copied.map((name) => [name, packageFile(name)])),
};

/** How `lib` is bundled, for measurements of what of it is in a bundle. */
export const asInDist = (lib) => ({ alias: settings.alias, plugins: [doorsInside(lib), asModules] });

/**
 * What is put into the code in place of names: the version, and what the operator's page sends to browsers. Those are scripts and a style sheet,
 * so that a page needs no file beside the bundle.
 */
async function definitions(lib) {
  const folder = join(lib, 'operator/browser');
  const textOf = async (file) => {
    const { outputFiles } = await build({
      entryPoints: [join(folder, file)],
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      charset: 'utf8',
      legalComments: 'none',
      logLevel: settings.logLevel,
      write: false,
    });
    return JSON.stringify(outputFiles[0].text);
  };
  const [script, signIn, style] = await Promise.all(['main.ts', 'sign-in.ts', 'page.css'].map(textOf));
  return {
    ...settings.define,
    OPERATOR_PAGE_SCRIPT: script,
    OPERATOR_SIGN_IN_SCRIPT: signIn,
    OPERATOR_PAGE_STYLE: style,
  };
}

/** The files of lib/ that users import, without their ending. */
export function exportedModules() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.values(exports)
    .map((target) => target.import?.default.match(/^\.\/dist\/esm\/(.+)\.js$/)[1])
    .filter(Boolean);
}

/**
 * Bundles what users run as commands into `outdir`, as ES modules that share nothing with those that are imported: a command loads
 * what it needs and no more. Each command is a file of its own.
 */
export async function bundleCommands({ lib, outdir }) {
  await build({
    ...settings,
    format: 'esm',
    entryPoints: Object.values(bin).map((file) => join(lib, file.replace(/^dist\/(.+)\.js$/, '$1.ts'))),
    outdir,
    splitting: true,
    chunkNames: '[name]-[hash]',
    define: await definitions(lib),
    sourcemap: true,
    sourcesContent: false,
  });
}

/**
 * The file of lib/ that stays one in dist/, and the class that it has in common with another: bundlers that meet both show
 * whether they rename classes. They do otherwise with a variable, which esbuild makes of a class.
 */
const ownName = {
  file: 'process/names/own-name',
  variable: 'var RetrysafeOwnName = class {',
  declared: 'class RetrysafeOwnName {',
};

/**
 * Bundles `lib` into `outdir`, one ES module for each of `exports`. A library that lib/ asks for by `require` is a function in
 * there that nothing has called yet: bundlers and test runners may have no `require`. Source maps lead to the files of lib/.
 */
export async function bundleModules({ lib, outdir, exports }) {
  for (const { path, text, map } of await sharedFiles({
    lib,
    outdir,
    exports,
    plugins: [doorsInside(lib), asModules],
  }))
    write(path, text, map);
}

/** Bundles `lib` into `outdir` as `bundleModules` does, as CommonJS. A library that is loaded on demand is a file of its own. */
export async function bundleCommonJS({ lib, outdir, exports }) {
  const files = await sharedFiles({ lib, outdir, exports, plugins: [onDemandOutside, asModules] });
  await Promise.all(
    files.map(async ({ path, text, map }) => {
      const { code, map: mapOfBoth } = await transform(`${text}${inlineMap(map)}`, {
        format: 'cjs',
        platform: settings.platform,
        target: settings.target,
        sourcemap: 'external',
        sourcesContent: false,
        // What has no line of lib/ in it, since it only exports what others have, is its own source.
        sourcefile: basename(path),
      });
      write(path, code, mapOfBoth);
    }),
  );
  const doors = Object.values(bundledLibraries).map((door) => join(lib, `${door}.ts`));
  await build({ ...settings, format: 'cjs', entryPoints: doors, outbase: lib, outdir });
  const { code } = await transform(readFileSync(join(lib, `${onDemand}.ts`), 'utf8'), {
    loader: 'ts',
    format: 'cjs',
    platform: settings.platform,
    target: settings.target,
  });
  write(join(outdir, `${onDemand}.js`), code);
  writeFileSync(join(outdir, 'package.json'), '{ "type": "commonjs" }\n');
}

/** Compiles `lib` into `outdir` file by file, as CommonJS, for the specs of what no export of the package leads to. */
export async function compileModules({ lib, outdir }) {
  const files = readdirSync(lib, { recursive: true }).filter((name) => name.endsWith('.ts'));
  const { platform, target, logLevel } = settings;
  await build({
    ...{ platform, target, logLevel, format: 'cjs', outbase: lib, outdir },
    entryPoints: files.map((name) => join(lib, name)),
    define: await definitions(lib),
    sourcemap: true,
    sourcesContent: false,
  });
  writeFileSync(join(outdir, 'package.json'), '{ "type": "commonjs" }\n');
}

/** The ES modules that `lib` becomes: one for each of `exports`, and what they share. */
async function sharedFiles({ lib, outdir, exports, plugins }) {
  const { outputFiles } = await build({
    ...settings,
    plugins,
    format: 'esm',
    entryPoints: [...exports, ownName.file].map((name) => join(lib, `${name}.ts`)),
    define: await definitions(lib),
    outbase: lib,
    outdir,
    splitting: true,
    chunkNames: 'shared-[hash]',
    sourcemap: 'external',
    sourcesContent: false,
    write: false,
  });
  const maps = new Map(outputFiles.map(({ path, text }) => [path, text]));
  const files = outputFiles
    // Only an entry stays a file. Nothing imports `own-name` as such.
    .filter(({ path }) => path.endsWith('.js') && path !== join(outdir, `${ownName.file}.js`))
    .map(({ path, text }) => ({ path, text: withoutBareImports(text), map: maps.get(`${path}.map`) }));
  const astray = files.find(
    ({ path, text }) => dirname(path) !== outdir && text.includes(`./${onDemand}.js`),
  );
  if (astray)
    throw new Error(`${astray.path} loads libraries on demand, and only files in ${outdir} find them`);
  const united = await unite(files, outdir);
  const having = united.filter(({ text }) => text.includes(ownName.variable));
  if (having.length !== 2) throw new Error(`${ownName.variable} is in ${having.length} files and not in two`);
  for (const file of having) file.text = file.text.replace(ownName.variable, ownName.declared);
  return united;
}

const sharedImport = /import (?:\{([^}]*)\} from )?"([./]*\/)(shared-\w+)\.js";/g;

/**
 * Unites the shared files that the root needs, since each file that is imported takes half a millisecond: `core.js`, and `base.js` with
 * those of them that other exports need without the core.
 */
async function unite(files, outdir) {
  const fileOf = (name) => files.find(({ path }) => path === join(outdir, `${name}.js`));
  const importsOf = ({ text }) => [...text.matchAll(sharedImport)].map(([, , , name]) => name);
  const reachedBy = (file, reached = new Set()) => {
    for (const name of importsOf(file)) if (!reached.has(name)) reachedBy(fileOf(name), reached.add(name));
    return reached;
  };
  const entries = files.filter(({ path }) => !/[/\\]shared-\w+\.js$/.test(path));
  // The file that has `own-name` alone stays: bundlers must meet that class in two files.
  const ofRoot = [...reachedBy(fileOf('index'))].filter((name) => !isOwnName(fileOf(name)));
  const sizes = ofRoot.map((name) => fileOf(name).text.length);
  const largest = ofRoot[sizes.indexOf(Math.max(...sizes))];
  const besides = entries.map((one) => reachedBy(one)).filter((reached) => !reached.has(largest));
  const isInBase = (name) => besides.some((reached) => reached.has(name));
  const groups = {
    base: ofRoot.filter(isInBase).sort(),
    core: ofRoot.filter((name) => !isInBase(name)).sort(),
  };
  const placed = placesOf(groups, fileOf);
  const united = Object.keys(groups).map((group) => uniteGroup({ group, groups, placed, fileOf, outdir }));
  const others = files.filter((file) => !ofRoot.some((name) => file === fileOf(name)));
  return [
    ...(await Promise.all(united)),
    ...others.map((file) => ({ ...file, text: importingPlaces(file.text, placed) })),
  ];
}

function isOwnName({ text }) {
  return text.includes(ownName.variable) && text.length < 1_000;
}

/** Where the exports of each shared file are: in which united file, and by which names. Two files may export one name. */
function placesOf(groups, fileOf) {
  const placed = new Map();
  for (const [group, names] of Object.entries(groups)) {
    const taken = new Set();
    for (const name of names) {
      const [, list = ''] = /^export \{([^}]*)\};$/m.exec(fileOf(name).text) ?? [];
      const exported = list.split(',').map((one) => one.trim().replace(/^.+ as /, ''));
      const as = new Map();
      for (const one of exported.filter(Boolean)) {
        let free = one;
        for (let count = 2; taken.has(free); count += 1) free = `${one}_${count}`;
        taken.add(free);
        as.set(one, free);
      }
      placed.set(name, { group, as });
    }
  }
  return placed;
}

/** Bundles the shared files of one group, with the names by which the others import. */
async function uniteGroup({ group, groups, placed, fileOf, outdir }) {
  const contents = groups[group]
    .map((name) => {
      const list = [...placed.get(name).as].map(([one, free]) => `${one} as ${free}`);
      return `export { ${list.join(', ')} } from './${name}.js';`;
    })
    .join('\n');
  const inMemory = {
    name: 'shared files in memory',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\/shared-\w+\.js$/ }, ({ path }) => {
        const name = path.slice(2, -3);
        // It stays outside, and is imported as the others import it.
        return groups[group].includes(name) ? { path: join(outdir, path) } : { path, external: true };
      });
      onLoad({ filter: /[/\\]shared-\w+\.js$/ }, ({ path }) => {
        const { text, map } = fileOf(basename(path, '.js'));
        return { contents: `${text}${inlineMap(map)}`, loader: 'js' };
      });
    },
  };
  const path = join(outdir, `${group}.js`);
  const { outputFiles } = await build({
    ...settings,
    plugins: [inMemory, onDemandOutside],
    format: 'esm',
    stdin: { contents, resolveDir: outdir, sourcefile: `${group}.js` },
    outfile: path,
    sourcemap: 'external',
    sourcesContent: false,
    write: false,
  });
  const [text, map] = ['.js', '.js.map'].map(
    (ending) => outputFiles.find((file) => file.path.endsWith(ending)).text,
  );
  return { path, text: importingPlaces(text, placed), map };
}

/** Lets a file import what it needs from where it is now, in the lines in which it did, for the source maps. */
function importingPlaces(text, placed) {
  return text.replace(sharedImport, (statement, list, folder, name) => {
    const place = placed.get(name);
    if (!place) return statement;
    const renamed = (list ?? '').replace(/(\w+)( as \w+)?/g, (one, exported, as) => {
      const free = place.as.get(exported);
      return free === exported ? one : `${free}${as ?? ` as ${exported}`}`;
    });
    return `import {${renamed}} from "${folder}${place.group}.js";`;
  });
}

/**
 * Drops the imports of shared files of which nothing is used: bundlers warn of them, since the package says that none of its
 * files is there for its effects. The lines stay, for the source maps.
 */
function withoutBareImports(text) {
  return text.replace(/^import "[./]*\/shared-\w+\.js";$/gm, '');
}

/**
 * Puts each door with its library into a function, which `libraries.ts` calls in place of `require`. The door is bundled before, alone:
 * esbuild leaves out what is not used of a module, but not of one that is inside of a function.
 */
function doorsInside(lib) {
  const doors = Object.values(bundledLibraries).map((door) => join(lib, doorFile(door)));
  return {
    name: 'doors inside',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\/[\w-]+\.mjs$/ }, ({ path, resolveDir }) => {
        const door = join(resolveDir, path);
        return doors.includes(door) ? { path: door, sideEffects: false } : undefined;
      });
      onLoad({ filter: /[/\\]libraries[/\\]libraries\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        const imports = [];
        const contents = text.replace(/\brequire\('(\.\/[\w-]+)\.js'\)/g, (_, door) => {
          imports.push(`import { open as open${imports.length} } from '${door}.mjs';`);
          return `open${imports.length - 1}()`;
        });
        // All in the first line, for the source maps.
        return { contents: `${imports.join(' ')} ${contents}`, loader: 'ts' };
      });
      onLoad({ filter: /[/\\]libraries[/\\][\w-]+\.mjs$/ }, async ({ path: outfile }) => {
        const { outputFiles } = await build({
          ...settings,
          plugins: [asModules],
          format: 'esm',
          entryPoints: [outfile.replace(/\.mjs$/, '.ts')],
          outfile,
          sourcemap: 'inline',
          sourcesContent: false,
          write: false,
        });
        return { contents: insideOfFunction(outputFiles[0].text, basename(outfile, '.mjs')), loader: 'js' };
      });
    },
  };
}

/** An ES module that imports nothing, as one that exports `open`: its first call runs the module and returns what it exports. */
function insideOfFunction(text, name) {
  const [list, names] = /^export \{([^}]+)\};$/m.exec(text);
  const run = `run_${name.replaceAll('-', '_')}`;
  const before = `let door; export const open = () => (door ??= ${run}()); function ${run}() { `;
  return before + text.replace(list, `return {${names.replace(/(\w+) as (\w+)/g, '$2: $1')}}; }`);
}

/** Leaves the file that loads libraries on demand where it is: bundlers find the doors from there. */
const onDemandOutside = {
  name: 'on demand outside',
  setup({ onResolve }) {
    onResolve({ filter: /\/libraries\.js$/ }, () => ({ path: `./${onDemand}.js`, external: true }));
  },
};

/**
 * Two libraries that are CommonJS, as ES modules: esbuild leaves out what is not used of one, and puts no function around it.
 * reflect-metadata without a global is a flat list of functions, each of which is exported in the line after it.
 */
const asModules = {
  name: 'libraries as ES modules',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\](?:ReflectNoConflict|fast-json-stable-stringify[/\\]index)\.js$/ }, ({ path }) => {
      const names = [];
      const contents = readFileSync(path, 'utf8')
        .replace(/^Object\.defineProperty\(exports, "__esModule".+$/m, '')
        .replace(/^exports\.(\w+) = \1;$/gm, (_, name) => {
          names.push(name);
          return '';
        })
        .replace(/^module\.exports = (?=function )/m, 'export default ');
      if (/\b(?:exports|require)\b/.test(contents)) throw new Error(`${path} has another form than it had`);
      return { contents: `${contents}\nexport { ${names.join(', ')} };`, loader: 'js' };
    });
  },
};

function inlineMap(map) {
  return `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}\n`;
}

function write(path, text, map) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, map ? `${text}//# sourceMappingURL=${basename(path)}.map\n` : text);
  if (map) writeFileSync(`${path}.map`, map);
}

/** Writes down whose work is in the bundles, and under which licence. */
export function copyLicences(folder) {
  for (const name of bundledPackages)
    copyFileSync(join(root, 'node_modules', name, 'LICENSE'), join(folder, licenceOf(name)));
}
