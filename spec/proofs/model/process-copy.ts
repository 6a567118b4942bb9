import type { CallState, ProcessState } from './engine.js';

/** Copies all that a machine may change. What it only replaces, such as records, is shared. */
export function copyOfProcess({ lastId, calls, leaders }: ProcessState): ProcessState {
  const copies = new Map<number, CallState>();
  for (const [id, call] of calls) copies.set(id, copyOfCall(call));
  return { lastId, calls: copies, leaders: leaders.size === 0 ? new Map() : new Map(leaders) };
}

// Field by field, which takes a tenth of the time of `{ ...call }`, since all copies have one shape. A field that is added is
// missing here; and a part that the machine changes in place, and that is not copied, is found by a spec, which freezes states.
function copyOfCall(call: CallState): CallState {
  return {
    id: call.id,
    purpose: call.purpose,
    key: call.key,
    fingerprint: call.fingerprint,
    owner: call.owner,
    endsAt: call.endsAt,
    by: call.by,
    traceparent: call.traceparent,
    resolution: call.resolution,
    stopsWithAnswer: call.stopsWithAnswer,
    slot: call.slot,
    startedAt: call.startedAt,
    phase: call.phase,
    phaseSince: call.phaseSince,
    dueAt: call.dueAt,
    isAnswered: call.isAnswered,
    attempt: call.attempt,
    latestRun: call.latestRun,
    hasSeenHolder: call.hasSeenHolder,
    request: call.request,
    requests: call.requests,
    tries: call.tries,
    claims: call.claims,
    turns: call.turns,
    looks: call.looks,
    waitedMs: call.waitedMs,
    claim: call.claim,
    sent: call.sent,
    confirmed: call.confirmed,
    term: call.term,
    sentTerms: call.sentTerms.slice(),
    isInDoubt: call.isInDoubt,
    showedEarlierWrite: call.showedEarlierWrite,
    holder: call.holder,
    takenOver: call.takenOver,
    renewUntil: call.renewUntil,
    renewsAt: call.renewsAt,
    mayRenew: call.mayRenew,
    asks: call.asks.length === 0 ? [] : call.asks.map((ask) => ({ ...ask })),
    issued: call.issued,
    lapsesAt: call.lapsesAt,
    lookUntil: call.lookUntil,
    mayLookAt: call.mayLookAt,
    notices: call.notices,
    isNoticed: call.isNoticed,
    leader: call.leader,
    followers: call.followers.slice(),
    told: call.told,
    joinsFrom: call.joinsFrom,
    joinableFor: call.joinableFor,
    hasRun: call.hasRun,
    end: call.end,
    recording: call.recording && { ...call.recording },
    freesUntil: call.freesUntil,
  };
}
