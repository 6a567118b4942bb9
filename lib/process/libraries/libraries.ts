// Most services never use these libraries, so each is loaded at its first use, synchronously. The build copies the libraries into
// the package, because bundlers and test runners may have no `require`.

/** The encoding of outcomes that are not plain JSON. */
export function devalue(): typeof import('./devalue.js') {
  return require('./devalue.js');
}

/** The registry of reflect-metadata. Loading it creates one, so it is loaded only if another copy has created it. */
export function registeredMetadata(): typeof import('./metadata.js') {
  return require('./metadata.js');
}
