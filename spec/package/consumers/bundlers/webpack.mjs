import { basename, dirname, resolve } from 'node:path';
import TerserPlugin from 'terser-webpack-plugin';
import webpack from 'webpack';

const loader = {
  loader: 'swc-loader',
  options: {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { decoratorVersion: '2022-03' },
      target: 'es2022',
    },
  },
};

function by(mode, optimization = {}) {
  return (entry, outfile) =>
    new Promise((done, fail) => {
      const configuration = {
        mode,
        target: 'node20',
        devtool: false,
        entry: `./app/${entry}.ts`,
        output: { path: resolve(dirname(outfile)), filename: basename(outfile) },
        resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
        module: { rules: [{ test: /\.ts$/, use: loader }] },
        optimization,
      };
      webpack(configuration, (error, stats) => {
        if (error || stats.hasErrors()) fail(error ?? new Error(stats.toString()));
        else done();
      });
    });
}

const terserOptions = { keep_classnames: true, keep_fnames: true };
// One process is enough: each that terser is given has to load it first.
const settings = { parallel: false, extractComments: false };
const usual = [new TerserPlugin(settings)];
const minimizer = [new TerserPlugin({ ...settings, terserOptions })];

export const variants = [
  { title: 'development', shows: 'keeps names', build: by('development') },
  { title: 'production', shows: 'is refused', build: by('production', { minimizer: usual }) },
  { title: 'production, keep_classnames', shows: 'may rename', build: by('production', { minimizer }) },
  {
    title: 'production, keep_classnames, concatenateModules: false',
    shows: 'keeps names',
    build: by('production', { minimizer, concatenateModules: false }),
  },
].map((variant) => ({ ...variant, ending: 'cjs' }));
