let name: string | undefined;

/** Returns the name of this process: its host and its number. Empty where the runtime has neither. */
export function processName(): string {
  name ??= named();
  return name;
}

function named(): string {
  try {
    return `${process.getBuiltinModule('node:os').hostname()}:${process.pid}`;
  } catch {
    // A runtime that is not Node.js.
    return '';
  }
}
