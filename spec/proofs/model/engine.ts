/**
 * What the check drives: the machine itself, without its driver. The package exports none of it. So the name `#engine` in
 * package.json leads to the build of it that is not bundled, and a copy of the package with a flaw has one of its own.
 */
export type { Answer, Command, Event, Refusal, Tell } from '#engine/machine/events.js';
export { deadline, listens, Machine } from '#engine/machine/machine.js';
export type { Moment, Term } from '#engine/machine/moment.js';
export {
  CallState,
  type MethodEnd,
  newProcess,
  type Phase,
  type ProcessState,
  type Purpose,
  type Request as StoreCall,
  type Resolution,
  type Rules,
} from '#engine/machine/state.js';
