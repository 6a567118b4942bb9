import { ownerOf } from './facts.js';
import { BEGINNING, type Does, type Happening } from './happening.js';
import { seconds, wordsFor, wordsForCall } from './words.js';

/**
 * Tells what happened, a sentence for each thing that matters. That a process began is told where it is all there is to tell, and nothing is
 * told of one that found the key taken and did no more than to come again later.
 */
export function storyOf(happenings: readonly Happening[]): string[] {
  const untold = new Set(untoldOf(happenings));
  return happenings.flatMap((happening) => {
    const sentence = untold.has(happening) ? undefined : sentenceFor(happening);
    return sentence === undefined ? [] : [`${seconds(happening.at - BEGINNING)}: ${sentence}`];
  });
}

function* untoldOf(happenings: readonly Happening[]): Generator<Happening> {
  for (const begin of happenings) {
    if (begin.what !== 'begins') continue;
    const its = happenings.filter((one) => one.process === begin.process && one !== begin);
    const [first] = its;
    if (first && begin.why !== 'redelivery') yield begin;
    if (its.length === 1 && first?.what === 'fails' && !first.isLast && isInProgress(first.error))
      yield first;
  }
}

/** Whether an error says that an equal call is still running. */
export function isInProgress(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === 'ERR_IDEMPOTENCY_IN_PROGRESS';
}

function sentenceFor(happening: Happening): string | undefined {
  const { name } = happening.process;
  switch (happening.what) {
    case 'begins':
      return beginSentence(happening);
    case 'does':
      return doneSentence(happening);
    case 'fault':
      return faultSentence(happening);
    case 'resumes':
      return `the process of ${name} went on`;
    case 'returns':
      return `${name} returned ${wordsFor(happening.value)}`;
    case 'fails':
      return `${name} ${happening.isLast ? 'ended with' : 'failed with'} ${wordsFor(happening.error)}`;
  }
}

function beginSentence({ process, delivery, why }: Extract<Happening, { readonly what: 'begins' }>): string {
  if (delivery === 1) return `${process.name} began`;
  return `${process.name} began in a new process${why === 'redelivery' ? ': the message came once more' : ''}`;
}

function doneSentence(happening: Does): string | undefined {
  const { process, kind, done } = happening;
  const { name } = process;
  if (kind === 'store') return recordSentence(happening);
  const call = wordsForCall(happening);
  if ('error' in done) return `${name} called ${call}, which threw ${wordsFor(done.error)}`;
  if (kind === 'transaction') return `${name} committed ${call}`;
  return `${name} called ${call}, which returned ${wordsFor(done.value)}`;
}

function recordSentence({ process: { name }, record, before, done }: Does): string | undefined {
  const state = record?.state;
  if (!state)
    return 'error' in done
      ? `${name} called store.complete(), which threw ${wordsFor(done.error)}`
      : undefined;
  switch (state.status) {
    case 'in-progress':
      if (!before) return `${name} claimed ${keyOf(record.key)}`;
      if (ownerOf(before.token) === ownerOf(record.token)) return undefined;
      return `${name} took over ${keyOf(record.key)}, which was ${statusOf(before.state.status)}, as attempt ${state.attempt}`;
    case 'completed':
      return `the outcome of ${name} was recorded`;
    case 'released':
      return `the failure of ${name} was recorded, and its key was free again`;
    default:
      return `it was recorded that the outcome of ${name} is unknown`;
  }
}

function statusOf(status: string): string {
  return status === 'in-progress' ? 'abandoned' : status;
}

/** The digest of a key says nothing to its readers, but whether two are the same. */
function keyOf(key: string): string {
  const at = key.lastIndexOf('#');
  return `the key ${key.slice(0, at)}#${key.slice(at + 1, at + 7)}…`;
}

function faultSentence({ process, fault, name }: Extract<Happening, { readonly what: 'fault' }>): string {
  const whose = process.name;
  switch (fault) {
    case 'crash before':
      return `the process of ${whose} died before ${nameOf(name)} was done`;
    case 'crash after':
      return `the process of ${whose} died before it learned of that`;
    case 'lost answer':
      return `${whose} never got the answer of ${nameOf(name)}: the connection broke`;
    case 'failure':
      return `${nameOf(name)} failed and did nothing`;
    case 'suspension before':
      return `the process of ${whose} stood still, with ${nameOf(name)} under way`;
    case 'suspension after':
      return `the process of ${whose} stood still before it got the answer of ${nameOf(name)}`;
    case 'lapse':
      return `${nameOf(name)} took longer than the lease of ${whose}, which no renewal reached`;
  }
}

function nameOf(name: string): string {
  if (name === 'claim') return 'its claim';
  if (name === 'replace') return 'the write of its record';
  if (name === 'complete') return 'store.complete()';
  return name;
}
