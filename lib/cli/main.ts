#!/usr/bin/env node
import { runCommandLine } from './command-line.js';

/** The build replaces it by the version in package.json. */
declare const PACKAGE_VERSION: string;

// Each write tells by itself that its reader has gone away. An error that nobody hears would end the process before its stores are closed.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {});

void runCommandLine(process.argv.slice(2), PACKAGE_VERSION).then((code) => {
  process.exitCode = code;
  // What was printed into a pipe would be cut off by an end at once. What a configuration has opened may keep the process alive.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
});
