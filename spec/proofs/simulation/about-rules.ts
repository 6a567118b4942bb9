import type { Checker } from './checker.js';
import type { Version } from './database.js';
import { confidential } from './operation.js';
import { markIn } from './results.js';
import { type Fault, owner } from './write-rules.js';

/** A record tells of so many states before its own. */
const MOST_PAST = 5;

/** What is wrong about what a record that has just come to stand says of itself. */
export function* aboutFaults(
  checker: Checker,
  before: Version | undefined,
  { record, by: host }: Version,
): Generator<Fault> {
  if (!record) return;
  const { about, status, fencingToken } = record.state;
  const text = JSON.stringify(about) ?? '';
  if (text.includes(confidential) || markIn(text) !== undefined)
    yield ['messages of methods stay with them', `a record that is ${status} has the message of an error`];
  const writer = checker.decisions.of(record)?.by ?? host.name;
  // What is given back says again what it said before, also who.
  const earlier = before?.record?.state.about?.past?.at(-1)?.by;
  if (about?.by !== writer && (about?.by === undefined || about.by !== earlier))
    yield ['a record says who wrote it', `${writer}, and it says ${about?.by}`];
  if (status !== 'completed' && about?.run !== fencingToken)
    yield ['a record tells of its own run', `its run is ${fencingToken}, and it tells of ${about?.run}`];
  const past = about?.past ?? [];
  if (past.length > MOST_PAST) yield ['a record tells a short past', `of ${past.length} states`];
  checker.counted('record with a past', past.length > 0 ? 1 : 0);
  const last = past.at(-1);
  const old = before?.record;
  if (!old || !last || owner(old).name === owner(record).name) return;
  if (last.status !== old.state.status || last.attempt !== old.state.attempt)
    yield ['a record tells what it followed', `a record that was ${old.state.status}, not ${last.status}`];
}
