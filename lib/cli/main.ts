#!/usr/bin/env node
import { runCommandLine } from './command-line.js';

/** The build replaces it by the version in package.json. */
declare const PACKAGE_VERSION: string;

// The exit code is set and the process left to end: what was printed into a pipe would be cut off otherwise.
void runCommandLine(process.argv.slice(2), PACKAGE_VERSION).then((code) => {
  process.exitCode = code;
});
