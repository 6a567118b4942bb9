/** A header of an event. Header names mean the same whatever their case (RFC 9110, section 5.1). */
export function lookUpHeader(event: unknown, wanted: unknown): unknown {
  const { headers, multiValueHeaders } = (event ?? {}) as Record<
    string,
    Record<string, unknown> | null | undefined
  >;
  for (const from of [headers, multiValueHeaders]) {
    const name = Object.keys(from ?? {}).find(
      (candidate) => candidate.toLowerCase() === String(wanted).toLowerCase(),
    );
    const value = name === undefined ? undefined : from?.[name];
    if (value !== undefined) return Array.isArray(value) && value.length === 1 ? value[0] : value;
  }
  return null;
}
