/* Takes the steps of protocol.pml that traces say, one trace after the other, as trace.ts writes them to its standard input.
   Each event has to be a step that may be taken, and has to keep all guarantees. */
#define TIME int
#define SET int
#define NEVER 2147483647
#define CALLS 30
#define WRITES 32
#define LEASE leaseLength
#define TOLERANCE tolerance
#define POLICY policy
#define ATTEMPTS attempts
#define RUN 0
#define REFUSE 1
#define ASK 2
#define NEXT(c) eN
#define MOST(c) 255
#define MOST_CLAIMS 255
#define guarantees(name, holds) name = name && (holds)
#define when(condition) if :: condition :: else -> goto judgement fi

#define BEGINS 1
#define SENDS 2
#define ARRIVES 3
#define RUNS 4
#define ASKS 5
#define RETURNS 6
#define FAILS 7
#define LETS_RUN 8
#define ANSWERS 9
#define ANSWERS_UNRECORDED 10
#define GIVES_UP 11

int leaseLength, tolerance, policy, attempts;
byte eKind, eCall, eN, eStatus, eOutcome, eAttempt, eAfterOwner, eAfterN;       /* The event at hand. */
bit eIsSpecial, isPossible, isOver;
int eAt, eFence, eLease, eExpires;

#include "protocol.pml"

c_code {
  static State atFirst;
  static char line[512], trace[256];
  static int isFirst = 1, isRejected, events, traces, steps;

  static void reject(const char *why)
  {
    isRejected = 1;
    printf("REJECTED\t%s\t%d\t%s\n", trace, events, why);
  }

  /* Puts the next event where the model sees it. Returns 0 when there is none. */
  static int next(void)
  {
    static const char *kinds[] = { "", "begins", "sends", "arrives", "runs", "asks", "returns", "fails", "lets_run",
      "answers", "answers_unrecorded", "gives_up" };
    char kind[32];
    long f[13];
    int length, tolerance, policy, attempts, i;
    if (isFirst) { atFirst = now; isFirst = 0; }
    while (fgets(line, sizeof line, stdin)) {
      attempts = 255;
      if (sscanf(line, "trace %255s %d %d %d %d", trace, &policy, &length, &tolerance, &attempts) >= 4) {
        now = atFirst;
        now.policy = policy; now.leaseLength = length; now.tolerance = tolerance;
        now.attempts = attempts;
        isRejected = 0; events = 0; traces++;
        continue;
      }
      events++;
      if (isRejected) continue;
      memset(f, 0, sizeof f);
      if (sscanf(line, "%ld %31s %ld %ld %ld %ld %ld %ld %ld %ld %ld %ld %ld %ld", f, kind, f + 1, f + 2, f + 3, f + 4, f + 5,
          f + 6, f + 7, f + 8, f + 9, f + 10, f + 11, f + 12) < 3) { reject("this is no event"); continue; }
      now.eKind = 0;
      for (i = 1; i < 12; i++) if (!strcmp(kinds[i], kind)) now.eKind = i;
      if (f[0] > now.present) now.present = f[0];
      now.eCall = f[1]; now.eN = f[2]; now.eAt = f[3]; now.eStatus = f[4]; now.eAttempt = f[5]; now.eFence = f[6];
      now.eLease = f[7]; now.eExpires = f[8]; now.eOutcome = f[9]; now.eIsSpecial = f[10]; now.eAfterOwner = f[11];
      now.eAfterN = f[12]; now.isPossible = 0;
      steps++;
      return 1;
    }
    printf("READ\t%d\t%d\n", traces, steps);
    return 0;
  }

  static void judge(void)
  {
    if (!now.isPossible) reject("no step");
    else if (!now.one_outcome) reject("one_outcome");
    else if (!now.one_runner) reject("one_runner");
    else if (!now.no_zombie_writes) reject("no_zombie_writes");
    else if (!now.no_silent_skip) reject("no_silent_skip");
    else if (!now.no_second_run) reject("no_second_run");
    else if (!now.at_most_once_per_call) reject("at_most_once_per_call");
    else if (!now.an_unknown_outcome_stays) reject("an_unknown_outcome_stays");
    else if (!now.on_abandoned_decides) reject("on_abandoned_decides");
    else if (!now.no_run_under_a_lapsed_claim) reject("no_run_under_a_lapsed_claim");
    else if (!now.attempts_end) reject("attempts_end");
    else if (!now.fencing_tokens_grow) reject("fencing_tokens_grow");
  }
};

/* What was sent has to be what the step sends. */
#define is_as_told (DRAFT.record.attempt == eAttempt && DRAFT.record.fence == eFence && \
  DRAFT.record.lease == eLease && (DRAFT.isClaim || (DRAFT.afterOwner == eAfterOwner && DRAFT.afterN == eAfterN)))
#define STEP(kind, step) :: eKind == kind -> step; isPossible = 1
#define SEND(condition, step) :: condition -> step; isPossible = is_as_told

/* An operator's write that is special is sent by force. */
inline decides_as_told(c) {
  if
  SEND(eStatus == released && eAttempt == 0, forgets(eAt, eIsSpecial, eExpires))
  SEND(eStatus == released && eAttempt > 0, resolves(released, eAt, eIsSpecial, NO_ONE, eExpires))
  SEND(eStatus == completed, resolves(completed, eAt, eIsSpecial, eOutcome, eExpires))
  :: else
  fi
}

inline sends_as_told(c) {
  if
  SEND(eIsSpecial && eStatus == in_progress, claims(c, eAt, eLease, eExpires))
  SEND(!eIsSpecial && eStatus == in_progress && rec.owner != c, takes_over(c, eAt, eLease, eExpires))
  SEND(!eIsSpecial && eStatus == in_progress && rec.owner == c && eLease > eAt, renews(c, eAt, eAttempt, eLease, eExpires))
  SEND(!eIsSpecial && eStatus == in_progress && rec.owner == c && eLease <= eAt, gives_back(c, eAt, eStatus, eLease, eExpires))
  SEND(eStatus == completed && eIsSpecial, hands_out_completion(c, eAt, eOutcome, eExpires))
  SEND(eStatus == completed && !eIsSpecial, completes(c, eAt, eOutcome, eExpires))
  SEND(eStatus == released && phase[c] == failed, releases(c, eAt, eExpires))
  SEND(eStatus == released && phase[c] != failed, gives_back(c, eAt, eStatus, 0, eExpires))
  SEND(eStatus == unknown && (rec.owner != c || (phase[c] == calling && was_last(c))), exhausts(c, eAt, eExpires))
  SEND(eStatus == unknown && rec.owner == c && (phase[c] == failed || phase[c] == returned), leaves_unknown(c, eAt, eExpires))
  SEND(eStatus == unknown && rec.owner == c && ((phase[c] == calling && !was_last(c)) || phase[c] == over), gives_back(c, eAt, eStatus, 0, eExpires))
  :: else
  fi
}

active proctype Trace() {
  d_step {
    do
    :: c_code { now.isOver = !next(); };
       if
       :: isOver -> break
       STEP(BEGINS, begins(eCall))
       STEP(ARRIVES && sent[eCall].write[eN % WRITES].record.n == eN, arrives(eCall, eN % WRITES))
       STEP(RUNS, runs(eCall, eAt))
       STEP(ASKS, asks(eCall, eAt))
       STEP(RETURNS, returns(eCall))
       STEP(FAILS, fails(eCall))
       STEP(LETS_RUN, lets_run(eCall))
       STEP(ANSWERS, answers(eCall, eOutcome))
       STEP(ANSWERS_UNRECORDED, answers_unrecorded(eCall, eOutcome))
       STEP(GIVES_UP, gives_up(eCall))
       :: eKind == SENDS && eCall == OPERATOR -> decides_as_told(eCall)
       :: eKind == SENDS && eCall != OPERATOR -> sends_as_told(eCall)
       :: else
       fi;
judgement:
       c_code { judge(); }
    od;
    skip
  }
}
