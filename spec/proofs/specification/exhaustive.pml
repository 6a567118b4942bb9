/* Takes the steps of protocol.pml in every order, within the bounds of a scenario, which sets what is not set here by -D:
   CALLS, WRITES, MOST_CLAIMS, POLICY, HORIZON (when the time ends), AHEAD (the set of those whose clocks are ahead),
   DECISIONS (how many writes the operator may send), RESOLVES (whether it also resolves), and OWN (whether methods write their
   completions themselves). ATTEMPTS is 255 where there may be any number of them. */
#define LEASE 2
#define TOLERANCE 1
#define TTL 2
#define TIME byte
#define SET byte
#define NEVER 255
#define RUN 0
#define REFUSE 1
#define ASK 2
#define NEXT(c) (count[c] + 1)
#define MOST(c) (c == OPERATOR -> DECISIONS : WRITES)
#include "protocol.pml"

#define HERE (present + ((AHEAD >> _pid) & 1) * TOLERANCE)

active [CALLS] proctype Call() {
  do
  :: d_step { begins(_pid) }
  :: d_step { claims(_pid, HERE, HERE + LEASE, unresolved(HERE + LEASE)) }
  :: d_step { takes_over(_pid, HERE, HERE + LEASE, unresolved(HERE + LEASE)) }
  :: d_step { renews(_pid, HERE, rec.attempt + is_in(_pid, hasAsked), HERE + LEASE, unresolved(HERE + LEASE)) }
#if ATTEMPTS < 255
  :: d_step { exhausts(_pid, HERE, unresolved(HERE)) }
#endif
  :: d_step { runs(_pid, HERE) }
  :: d_step { returns(_pid) }
  :: d_step { fails(_pid) }
  :: d_step { completes(_pid, HERE, _pid, HERE + TTL) }
  :: d_step { completes(_pid, HERE, NO_ONE, HERE + TTL) }
  :: d_step { releases(_pid, HERE, NEVER) }
  :: d_step { gives_back(_pid, HERE, released, 0, NEVER) }
#if POLICY != REFUSE
  :: d_step { gives_back(_pid, HERE, in_progress, 0, unresolved(HERE)) }
  :: d_step { gives_back(_pid, HERE, unknown, 0, unresolved(HERE)) }
#endif
  :: d_step { leaves_unknown(_pid, HERE, unresolved(HERE)) }
  :: d_step { answers(_pid, 0) }
  :: d_step { answers(_pid, 1) }
#if CALLS > 2
  :: d_step { answers(_pid, 2) }
#endif
#if RESOLVES
  :: d_step { answers(_pid, OPERATOR) }
#endif
#if POLICY == ASK
  :: d_step { asks(_pid, HERE) }
  :: d_step { lets_run(_pid) }
#endif
#if OWN
  :: d_step { hands_out_completion(_pid, HERE, _pid, HERE + TTL) }
#endif
  od
}

active proctype Operator() {
  do
  :: d_step { forgets(HERE, 0, NEVER) }
  :: d_step { forgets(HERE, 1, NEVER) }
#if RESOLVES
  :: d_step { resolves(completed, HERE, 0, OPERATOR, HERE + TTL) }
  :: d_step { resolves(completed, HERE, 1, OPERATOR, HERE + TTL) }
  :: d_step { resolves(completed, HERE, 1, NO_ONE, HERE + TTL) }
  :: d_step { resolves(released, HERE, 0, NO_ONE, NEVER) }
  :: d_step { resolves(released, HERE, 1, NO_ONE, NEVER) }
#endif
  od
}

active [WRITERS] proctype Network() {
  do
  :: d_step { arrives(_pid - WRITERS, 0) }
  :: d_step { arrives(_pid - WRITERS, 1) }
#if WRITES > 2
  :: d_step { arrives(_pid - WRITERS, 2) }
#endif
#if WRITES > 3
  :: d_step { arrives(_pid - WRITERS, 3) }
#endif
  od
}

active proctype Time() {
  do
  :: present < HORIZON -> present++
  od
}
