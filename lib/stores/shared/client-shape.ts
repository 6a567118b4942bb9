/** Whether a client has a method of this name. */
export function hasMethod<Name extends string>(
  client: unknown,
  name: Name,
): client is Record<Name, (...args: unknown[]) => unknown> {
  return typeof (client as Readonly<Record<string, unknown>> | null | undefined)?.[name] === 'function';
}

/** Whether a client has a property of this name, its own or an inherited one. */
export function hasProperty(client: unknown, name: string): boolean {
  return name in Object(client);
}
