// Loads one CommonJS bundle after the AWS SDK, once, and prints how many milliseconds V8 took to compile it, and how many it
// then ran.
//
//   node phases-once.mjs <file>
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { compileFunction } from 'node:vm';

const [file] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
require('@aws-sdk/util-dynamodb');
new DynamoDBClient({});

const text = readFileSync(file, 'utf8');
const module = { exports: {} };
const started = performance.now();
const run = compileFunction(text, ['exports', 'require', 'module'], { filename: file });
const compiled = performance.now();
run(module.exports, require, module);
console.log(JSON.stringify({ compile: compiled - started, run: performance.now() - compiled }));
