// What most services never use is loaded by the first who does, and at once, since a wrong expression is an error of
// the class that is being defined. The build puts these libraries into the package: no bundler and no test runner is
// then asked for a `require` that it may not have.

/** JMESPath: only for an expression that is no plain path. */
export function jmespath(): typeof import('./jmespath-library.js') {
  return require('./jmespath-library.js');
}

/** The codec's library: only for an outcome that is no plain JSON. */
export function devalue(): typeof import('./devalue.js') {
  return require('./devalue.js');
}

/** The registry of reflect-metadata: only where a copy of that library has made it. Loading it makes one. */
export function registeredMetadata(): typeof import('reflect-metadata/no-conflict') {
  return require('reflect-metadata/no-conflict');
}
