import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, type ScalarTag } from 'yaml';
import { root } from './compiled.js';

/** A resource of a template; what it may have depends on its type. */
export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: properties of every type of resource
  readonly Properties: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly Metadata?: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** A SAM template; its intrinsic functions are in their long form, `{ Ref: … }`. */
export interface Template {
  readonly Parameters: Readonly<Record<string, object>>;
  readonly Conditions: Readonly<Record<string, object>>;
  readonly Globals: { readonly Function: Resource['Properties'] };
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, object>>;
}

/** Where the deployed application is. */
export const application = join(root, 'samples/pre-fund');

const names = ['Ref', 'Condition', 'GetAtt', 'Sub', 'If', 'Not', 'Equals'] as const;

/** CloudFormation's short forms, for values of every kind. */
const tags = names.flatMap((name) => {
  const long = name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`;
  const scalar: ScalarTag = {
    tag: `!${name}`,
    resolve: (text) => ({ [long]: name === 'GetAtt' ? text.split('.') : text }),
  };
  const list = {
    tag: `!${name}`,
    collection: 'seq' as const,
    resolve: (value: { toJSON(): unknown }) => ({ [long]: value.toJSON() }),
  };
  return [scalar, list];
});

/** Reads template.yaml. */
export function readTemplate(): Template {
  const text = readFileSync(join(application, 'template.yaml'), 'utf8');
  // biome-ignore lint/suspicious/noExplicitAny: the two kinds of tags in one list
  return JSON.parse(JSON.stringify(parse(text, { customTags: tags as any })));
}

/** The resources of one type, by their names. */
export function ofType({ Resources }: Template, type: string): Map<string, Resource> {
  return new Map(Object.entries(Resources).filter(([, { Type }]) => Type === type));
}
