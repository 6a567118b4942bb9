/** The fields and files of a form. */
export interface FormParts {
  /** Each field with its values in their order. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly files: readonly FormFile[];
}

interface FormFile {
  readonly field: string;
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Takes a form of fetch apart. */
export async function formParts(form: FormData): Promise<FormParts> {
  const fields = new Map<string, string[]>();
  const files: FormFile[] = [];
  for (const [field, value] of form) {
    if (typeof value !== 'string') {
      const { name, type } = value;
      files.push({ field, name, type, bytes: new Uint8Array(await value.arrayBuffer()) });
      continue;
    }
    const values = fields.get(field);
    if (values) values.push(value);
    else fields.set(field, [value]);
  }
  return { fields: Object.fromEntries(fields), files };
}
