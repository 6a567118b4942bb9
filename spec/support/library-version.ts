import type * as root from 'retrysafe';
import type * as dynamodb from 'retrysafe/dynamodb';
import type * as postgres from 'retrysafe/postgres';
import type * as testing from 'retrysafe/testing';

/** The library as it is built, or an earlier version, of which `spec/vectors/earlier-version/` has a copy. */
export type Version = 'earlier' | 'present';

export type Library = typeof root & {
  readonly dynamodb: typeof dynamodb;
  readonly postgres: typeof postgres;
  readonly testing: typeof testing;
};

export async function load(version: Version): Promise<Library> {
  if (version === 'earlier')
    return import(new URL('../../../spec/vectors/earlier-version/retrysafe.mjs', import.meta.url).href);
  return {
    ...(await import('retrysafe')),
    dynamodb: await import('retrysafe/dynamodb'),
    postgres: await import('retrysafe/postgres'),
    testing: await import('retrysafe/testing'),
  };
}
