/*! Contains @jmespath-community/jmespath, MPL-2.0: https://github.com/jmespath-community/typescript-jmespath */
export { compile, TreeInterpreter, TYPE_ANY, TYPE_NUMBER } from '@jmespath-community/jmespath';
