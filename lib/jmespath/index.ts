import { jmespath } from '../request/expression/compiled.js';
import { compileJmespath } from './jmespath.js';

jmespath.compile ??= compileJmespath;
