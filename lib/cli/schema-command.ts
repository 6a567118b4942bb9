import type { SchemaOptions } from '../stores/postgres/postgres-schema.js';
import { type Command, exitCodes } from './command.js';
import { type TemplateName, templates } from './dynamodb-templates.js';
import { helpFor, type ReadArguments, readArguments } from './read-arguments.js';
import { UsageError } from './usage-error.js';
import { write } from './write.js';

const KINDS = ['postgres', 'sqlite', 'dynamodb'] as const;
const NAMES = Object.keys(templates) as readonly TemplateName[];

const options = {
  table: { value: '<name>', help: 'The name of the table. Default: idempotency.' },
  as: { value: '<form>', help: `Of DynamoDB: ${NAMES.join(', ')}. Default: cloudformation.` },
  'index-in-progress': {
    help: 'Of PostgreSQL and SQLite: an index finds abandoned records, too. Each completion then writes it.',
  },
  'key-attribute': { value: '<name>', help: 'Of DynamoDB: the partition key. Default: id.' },
  'sort-key-attribute': { value: '<name>', help: 'Of DynamoDB: the sort key. Default: none.' },
  'ttl-attribute': { value: '<name>', help: 'Of DynamoDB: the attribute of TTL. Default: expiration.' },
  'unresolved-attribute': {
    value: '<name>',
    help: 'Of DynamoDB: the attribute and index of unknown records. Default: unresolved.',
  },
  help: { help: 'Prints this.' },
};

const help = `Usage: retrysafe schema <${KINDS.join(' | ')}> [options]

Prints what creates the table of a store: SQL for a migration, or a template. Redis needs none.

Options:
${helpFor(options)}

Examples:
  retrysafe schema postgres | psql "$DATABASE_URL"
  retrysafe schema dynamodb --as terraform --table payments-idempotency

Exit codes: 0 where it was printed, 2 where an option is wrong.`;

/** `retrysafe schema <kind>` */
export const schemaCommand: Command = {
  help,
  async run(args) {
    const given = readArguments(options, args);
    const [kind, ...others] = given.positionals;
    if (others.length > 0 || !KINDS.some((one) => one === kind))
      throw new UsageError(
        kind === 'redis' ? 'Redis needs no schema' : `expected one of ${KINDS.join(', ')}`,
      );
    await write(`${(await schemaOf(kind as (typeof KINDS)[number], given)).trimEnd()}\n`);
    return exitCodes.passed;
  },
};

async function schemaOf(kind: (typeof KINDS)[number], { values }: ReadArguments): Promise<string> {
  const table = values.table?.[0] ?? 'idempotency';
  if (kind === 'dynamodb') return dynamoDBSchema(table, values);
  const foreign = ['as', 'key-attribute', 'sort-key-attribute', 'ttl-attribute', 'unresolved-attribute'].find(
    (name) => values[name],
  );
  if (foreign !== undefined) throw new UsageError(`--${foreign}: it is of DynamoDB alone`);
  const own: SchemaOptions = values['index-in-progress'] ? { indexInProgress: true } : {};
  const { schema } =
    kind === 'postgres'
      ? await import('../stores/postgres/postgres-schema.js')
      : await import('../stores/sqlite/sqlite-schema.js');
  return schema(table, own);
}

async function dynamoDBSchema(tableName: string, values: ReadArguments['values']): Promise<string> {
  if (values['index-in-progress'])
    throw new UsageError(
      '--index-in-progress: with DynamoDB it is the option indexInProgress of the store, and needs no other table',
    );
  const form = NAMES.find((name) => name === (values.as?.[0] ?? 'cloudformation'));
  if (form === undefined) throw new UsageError(`--as: expected one of ${NAMES.join(', ')}`);
  const { tableDefinition } = await import('../stores/dynamodb/table-definition.js');
  const [keyAttribute] = values['key-attribute'] ?? [];
  const [sortKeyAttribute] = values['sort-key-attribute'] ?? [];
  const [ttlAttribute] = values['ttl-attribute'] ?? [];
  const [unresolvedAttribute] = values['unresolved-attribute'] ?? [];
  const definition = tableDefinition({
    tableName,
    ...(keyAttribute !== undefined && { keyAttribute }),
    ...(sortKeyAttribute !== undefined && { sortKeyAttribute }),
    ...(ttlAttribute !== undefined && { ttlAttribute }),
    ...(unresolvedAttribute !== undefined && { unresolvedAttribute }),
  });
  return templates[form](definition);
}
