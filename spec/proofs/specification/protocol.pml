/*
 * The protocol of one idempotency key, as docs/guarantees.md and the contract of a store promise it. It is written from
 * those two, and not from the engine. What each file is for, and what is left out: docs/specification.md.
 *
 * Read it in this order: what a store keeps, the guarantees, the steps of a call, the step of the store.
 *
 * - Each `inline` is one step. `when` says under which condition it may be taken.
 * - A process may take its next step at any time, or never. So a crash and a suspension need no step of their own.
 * - A write that was sent may arrive at any time, several times, or never. Its answer may be lost: a call may act upon
 *   what has arrived, and may as well send again.
 * - `present` is what the clock shows that is furthest behind. Another one is ahead by TOLERANCE at most. `at` is what a
 *   process read from its own clock, perhaps long ago.
 */

/* Who includes it defines CALLS, WRITES (how many of each are on their way), TIME and SET (types), NEVER, LEASE, TOLERANCE,
   POLICY, ATTEMPTS (how many there may be), NEXT(c) (the n of the next write), MOST(c) (writes that it may send) and MOST_CLAIMS. */

#ifndef when
#define when(condition) (condition)
#endif
#define OPERATOR  CALLS         /* who decides about keys. The calls are 0, 1 …; an outcome has the number of its call, or this one. */
#define WRITERS   (CALLS + 1)
#define NO_ONE    255
#define bit_of(c) (1 << (c))
#define is_in(c, set) (((set) >> (c)) & 1)

mtype:status = { in_progress, completed, unknown, released };
#define absent 0
mtype:phase  = { idle, calling, asking, running, returned, failed, over };

/* ---------------------------------------------------------------- what a store keeps, and what is on its way to it */

typedef Record {
  mtype:status status;
  byte owner;                   /* Owner and n are its token: every write changes it. */
  byte n;
  byte attempt;
  byte outcome;                 /* Of a completed record: of which call. NO_ONE if it could not be stored. */
  TIME fence;                   /* The fencing token. */
  TIME lease;                   /* Of a claim: until when it holds unless it is renewed. */
  TIME expires                  /* From then on it counts as absent. */
};

typedef Write {
  Record record;                /* n is 0 where nothing was sent. */
  bit isClaim;                  /* A claim follows nothing. A replace follows the record with this token: */
  byte afterOwner, afterN;
  TIME asOf                     /* What its sender's clock showed. */
};
typedef Writes { Write write[WRITES] };

Record rec;                     /* What stands under the key. */
Writes sent[WRITERS];
byte count[WRITERS];            /* The n of the last write of each. */
TIME present;

mtype:phase phase[CALLS] = idle;
byte other, slot;
TIME until[WRITERS];            /* Until when the claim of each holds, as far as it can know. */
SET mustAsk;                    /* As sets of calls: who has to call the recovery function before it runs; */
byte permitted;                 /* The last attempt that an operator permits, whatever ATTEMPTS says. */
SET hasAsked;                   /* who was told to run by it, which counts as another attempt; */
SET counted;                    /* of whom the record counts that attempt; */
SET wrote;                      /* who handed out a completion to its method; */
SET stood[CALLS];               /* and whose outcomes have stood while the call was under way. */

#define M sent[c].write[k]
#define IT sent[other].write[slot]
#define DRAFT sent[c].write[count[c] % WRITES]
/* The law of a store: a claim finds nothing that holds by its sender's clock, and a replace finds what it follows. */
#define accepts(w) (w.record.n > 0 && (w.isClaim -> rec.status == absent || rec.expires <= w.asOf : \
                                       rec.owner == w.afterOwner && rec.n == w.afterN))
#define is_guarded (POLICY != RUN)      /* onAbandoned is 'refuse' or a function: nothing but that frees the key. */
#define is_undecided (rec.status == unknown || rec.status == in_progress)
#define is_lapsed(time) (rec.status == in_progress && rec.lease + TOLERANCE <= time)
#define is_mine(c) (rec.status == in_progress && rec.owner == c)
#define may_begin(attempt_) ((attempt_) <= ATTEMPTS || (attempt_) <= permitted)
#define is_under_way(c) (phase[c] != idle && phase[c] != over)
#define is_forgetting (M.record.status == released && M.record.attempt == 0)   /* Another decision keeps the count. */

/* ------------------------------------------------------------------- the guarantees, and what is noted to check them */

bool one_outcome = true, one_runner = true, no_zombie_writes = true, no_silent_skip = true, no_second_run = true;
bool at_most_once_per_call = true, an_unknown_outcome_stays = true, on_abandoned_decides = true;
bool no_run_under_a_lapsed_claim = true, fencing_tokens_grow = true, attempts_end = true;
#ifndef guarantees
#define guarantees(name, holds) name = name && (holds); assert(name)
#endif

byte life = NO_ONE;             /* Whose outcome has stood since the key was free: expired, or forgotten. */
SET ran, produced;              /* Sets of calls: who ran the method, and who has an outcome, as an operator may. */
SET worked;                     /* Whose method returned, so that its work is done, */
SET excused;                    /* and after whom the key may run again all the same. */
SET lost;                       /* Whose claim another write ended, */
SET freed;                      /* and whose an operator did. */
#define holds(c) (phase[c] == running && present < until[c] && !is_in(c, freed))

inline checks_a_write(c, k) {
  if
  :: (c == OPERATOR && is_forgetting) || (M.isClaim && rec.status != absent && rec.expires <= present + TOLERANCE) ->
     life = NO_ONE; excused = (1 << CALLS) - 1
  :: else ->
     guarantees(one_outcome, life == NO_ONE);
     excused = (c == OPERATOR -> (1 << CALLS) - 1 : excused)
  fi;
  guarantees(an_unknown_outcome_stays, !is_guarded || !is_undecided || rec.owner == c || c == OPERATOR ||
    M.record.status == unknown || (POLICY == ASK && M.record.status == in_progress && !M.isClaim));
  if
  :: M.isClaim || c == OPERATOR
  :: else ->
     guarantees(no_zombie_writes, M.afterOwner == rec.owner && M.afterN == rec.n);
     guarantees(no_zombie_writes, rec.owner == c -> M.record.n > rec.n && !is_in(c, lost) :
      M.record.status == in_progress || (M.record.status == unknown && (!is_in(c, ran) || is_in(c, freed))));
     guarantees(fencing_tokens_grow, rec.owner == c || M.record.status == unknown -> M.record.fence == rec.fence :
      M.record.fence > rec.fence)
  fi;
  if
  :: rec.status == in_progress && rec.owner != c && c != OPERATOR -> guarantees(one_runner, present >= rec.lease)
  :: else
  fi
}

inline checks_a_run(c) {
  guarantees(at_most_once_per_call, !is_in(c, ran));
  if
  :: is_in(c, freed)            /* An operator took its claim away before it began. */
  :: else ->
     guarantees(no_second_run, life == NO_ONE && (worked & ~excused & ~bit_of(c)) == 0);
     guarantees(no_run_under_a_lapsed_claim, present < until[c]);
     guarantees(on_abandoned_decides, !is_in(c, mustAsk));
     guarantees(attempts_end, rec.owner != c || may_begin(rec.attempt));
     for (other : 0 .. CALLS - 1) { guarantees(one_runner, other == c || !holds(other)) }
     other = 0
  fi
}

/* ------------------------------------------------------------------------------------------------ the steps of a call */

inline begins(c) {
  when(phase[c] == idle);
  phase[c] = calling;
  if
  :: rec.status == completed && rec.outcome != NO_ONE && rec.expires > present -> stood[c] = bit_of(rec.outcome)
  :: else
  fi
}

/* Sends a record that follows what stands. Nothing is lost by that: what follows another one never arrives. */
inline sends(c, to, time, tries, token, holdsUntil, whose, expiry) {
  count[c] = NEXT(c);
  DRAFT.isClaim = 0; DRAFT.afterOwner = rec.owner; DRAFT.afterN = rec.n; DRAFT.asOf = time;
  DRAFT.record.status = to; DRAFT.record.owner = c; DRAFT.record.n = count[c];
  DRAFT.record.attempt = tries; DRAFT.record.fence = token; DRAFT.record.lease = holdsUntil;
  DRAFT.record.outcome = whose; DRAFT.record.expires = expiry
}
/* A replace that a store refuses once it refuses for ever, since no token comes back. */
inline drops_what_is_refused() {
  for (other : 0 .. WRITERS - 1) {
    for (slot : 0 .. WRITES - 1) {
      if
      :: accepts(IT) || IT.isClaim
      :: else ->
         IT.record.status = absent; IT.record.owner = 0; IT.record.n = 0; IT.record.attempt = 0; IT.record.outcome = 0;
         IT.record.fence = 0; IT.record.lease = 0; IT.record.expires = 0;
         IT.afterOwner = 0; IT.afterN = 0; IT.asOf = 0
      fi
    }
  }
  other = 0; slot = 0
}
#define has_room(c, time) (count[c] < MOST(c) && (time) <= present + TOLERANCE)

/* The least that a record lasts whose work may have been done: for good, if a policy guards against a second run. */
#define unresolved(end) (is_guarded -> NEVER : (end) + TOLERANCE)
/* A lease may be shorter, such as where an invocation of Lambda ends. */
#define may_hold(end, expiry) ((end) <= present + TOLERANCE + LEASE && (expiry) >= unresolved(end))

inline claims(c, at, end, expiry) {
  when(phase[c] == calling && count[c] < MOST_CLAIMS && has_room(c, at) && may_hold(end, expiry));
  sends(c, in_progress, at, 1, at, end, NO_ONE, expiry);
  DRAFT.isClaim = 1; DRAFT.afterOwner = 0; DRAFT.afterN = 0
}

/* Only a call that has sent a claim knows what stands. A policy that refuses takes over what was released, and nothing else. */
inline takes_over(c, at, end, expiry) {
  when(phase[c] == calling && count[c] > 0 && rec.owner != c && has_room(c, at) && may_hold(end, expiry) &&
    (rec.status == released || (POLICY != REFUSE && (rec.status == unknown || is_lapsed(at)))) &&
    (may_begin(rec.attempt + 1) || (POLICY == ASK && is_undecided)));
  sends(c, in_progress, at, rec.attempt + 1, at, end, NO_ONE, expiry);
  DRAFT.record.attempt = (POLICY == ASK && is_undecided -> rec.attempt : rec.attempt + 1);
  DRAFT.record.fence = (at > rec.fence -> at : rec.fence + 1)
}

inline renews(c, at, tries, end, expiry) {
  when(is_mine(c) && has_room(c, at) && may_hold(end, expiry) &&
    (tries == rec.attempt || (tries == rec.attempt + 1 && is_in(c, hasAsked) && may_begin(tries))));
  sends(c, in_progress, at, tries, rec.fence, end, NO_ONE, expiry)
}

/* Writes that no attempt may begin any more: there was the last one, or the recovery function has been asked about it often enough,
   or it has asked for one more. What an operator permits meanwhile, the call may still take over. */
#define was_last(c) (is_mine(c) && is_in(c, hasAsked) && !may_begin(rec.attempt + 1))
inline exhausts(c, at, expiry) {
  when(phase[c] == calling && count[c] > 0 && has_room(c, at) && expiry >= unresolved(at) && (was_last(c) ||
    (rec.owner != c && (rec.status == unknown || rec.status == released || is_lapsed(at)) &&
      (!may_begin(rec.attempt + 1) || (POLICY == ASK && is_undecided && ATTEMPTS < 255)))));
  until[c] = (rec.owner == c -> 0 : until[c]);
  sends(c, unknown, at, rec.attempt, rec.fence, 0, NO_ONE, expiry)
}

inline runs(c, at) {
  when(phase[c] == calling && at < until[c] && !is_in(c, mustAsk));
  checks_a_run(c);
  phase[c] = running; ran = ran | bit_of(c);
  excused = (is_in(c, freed) -> (excused) : excused & ~bit_of(c))
}

inline asks(c, at) {            /* calls its recovery function */
  when(phase[c] == calling && at < until[c] && is_in(c, mustAsk));
  phase[c] = asking
}

/* How the method ends, or the recovery function: with a value, with an error or "refuse", or with "run". */
inline returns(c) {
  when(phase[c] == running || phase[c] == asking);
  worked = (phase[c] == running -> worked | bit_of(c) : worked);
  phase[c] = returned; produced = produced | bit_of(c)
}
inline fails(c) {
  when(phase[c] == running || phase[c] == asking);
  produced = (phase[c] == running -> produced | bit_of(c) : produced);
  phase[c] = failed
}
inline lets_run(c) {
  when(phase[c] == asking);
  phase[c] = calling; mustAsk = mustAsk & ~bit_of(c); hasAsked = hasAsked | bit_of(c)
}

/* Records an outcome: a value, an error that is remembered, or that there is none since it cannot be stored. */
inline completes(c, at, ofCall, expiry) {
  when(is_mine(c) && (phase[c] == returned || (phase[c] == failed && is_in(c, ran))) && has_room(c, at));
  sends(c, completed, at, rec.attempt, rec.fence, 0, ofCall, expiry)
}

/* The method has its completion, and writes it together with its work: both arrive, or neither. */
inline hands_out_completion(c, at, ofCall, expiry) {
  when(is_mine(c) && phase[c] == running && has_room(c, at));
  produced = produced | bit_of(c); wrote = wrote | bit_of(c);
  sends(c, completed, at, rec.attempt, rec.fence, 0, ofCall, expiry)
}

/* Frees the key: its method threw. */
inline releases(c, at, expiry) {
  when(is_mine(c) && phase[c] == failed && has_room(c, at) && expiry >= at);
  sends(c, released, at, rec.attempt, rec.fence, 0, NO_ONE, expiry)
}

/* Gives back a claim under which nothing ran: the record says again what it said before, and no attempt is counted. A claim
   that asks a recovery function has counted none, until that lets it run and this is written. */
inline gives_back(c, at, to, lapsedAt, expiry) {
  when(is_mine(c) && (phase[c] == calling || phase[c] == over) && !is_in(c, ran) && has_room(c, at) && expiry >= at &&
    (to == released || (POLICY != REFUSE && lapsedAt + TOLERANCE <= at && expiry >= unresolved(lapsedAt))));
  phase[c] = over;
  sends(c, to, at, rec.attempt, rec.fence, lapsedAt, NO_ONE, expiry);
  DRAFT.record.attempt = (POLICY == ASK && to != released && !is_in(c, counted) -> rec.attempt : rec.attempt - 1);
  counted = counted & ~bit_of(c)
}

/* onError or onAbandoned says so, or the completion is missing that the method was to write. */
inline leaves_unknown(c, at, expiry) {
  when(is_mine(c) && has_room(c, at) && expiry >= unresolved(at) &&
    (phase[c] == failed || (phase[c] == returned && is_in(c, wrote))));
  worked = worked & ~bit_of(c);
  sends(c, unknown, at, rec.attempt, rec.fence, 0, NO_ONE, expiry)
}

inline answers(c, d) {
  when(is_under_way(c) && is_in(d, stood[c]));
  guarantees(no_silent_skip, is_in(d, produced))
}
/* The outcome of d cannot be stored, or the store cannot be reached. Its caller gets it all the same, and so does a call
   of the same process that joined it. */
inline answers_unrecorded(c, d) { when(is_under_way(c) && is_in(d, produced)) }
inline gives_up(c) { when(phase[c] == calling || phase[c] == over); phase[c] = over }

inline forgets(at, isForced, expiry) {
  when(rec.status != absent && rec.status != released && (rec.status != in_progress || isForced || is_lapsed(at)) &&
    has_room(OPERATOR, at) && expiry >= at);
  sends(OPERATOR, released, at, 0, rec.fence, 0, NO_ONE, expiry)
}

/* Ends what has no outcome: with one of its own, with none, or by another attempt. */
inline resolves(to, at, isForced, whose, expiry) {
  when(rec.status != absent && rec.status != completed && (rec.status != released || to == completed) &&
    (rec.status != in_progress || isForced || is_lapsed(at)) && has_room(OPERATOR, at) && expiry >= at);
  produced = (to == completed -> produced | bit_of(OPERATOR) : produced);
  sends(OPERATOR, to, at, rec.attempt, rec.fence, 0, whose, expiry)
}

/* ------------------------------------------------------------------------------------------- the step of the store */

inline arrives(c, k) {
  when(accepts(M));
  checks_a_write(c, k);
  if
  :: is_undecided && rec.owner != c && rec.owner < CALLS ->
     lost = lost | bit_of(rec.owner);
     if
     :: c == OPERATOR -> freed = freed | bit_of(rec.owner)
     :: else -> excused = excused | bit_of(rec.owner)
     fi
  :: else
  fi;
  if
  :: M.record.status == in_progress ->
     if
     :: rec.owner == c && !M.isClaim -> counted = (M.record.attempt > rec.attempt -> counted | bit_of(c) : counted)
     :: else -> lost = lost & ~bit_of(c); freed = freed & ~bit_of(c); counted = counted & ~bit_of(c);
        mustAsk = (POLICY == ASK && is_undecided && !M.isClaim -> mustAsk | bit_of(c) : mustAsk & ~bit_of(c))
     fi;
     hasAsked = (M.record.attempt > rec.attempt -> hasAsked & ~bit_of(c) : hasAsked);
     until[c] = M.record.lease
  :: M.record.status == completed ->
     guarantees(no_silent_skip, is_in(c, produced));
     life = c; until[c] = 0;    /* Its claim has ended, whether its method goes on or not. */
     for (other : 0 .. CALLS - 1) {
       stood[other] = (is_under_way(other) && M.record.outcome != NO_ONE -> stood[other] | bit_of(c) : stood[other])
     }
  :: M.record.status == unknown -> excused = excused | bit_of(c)
  :: else
  fi;
  permitted = (c == OPERATOR && M.record.status == released && !is_forgetting -> M.record.attempt + 1 :
    (M.isClaim || (c == OPERATOR && is_forgetting) -> 0 : permitted));
  rec.status = M.record.status; rec.owner = M.record.owner; rec.n = M.record.n; rec.attempt = M.record.attempt;
  rec.fence = M.record.fence; rec.lease = M.record.lease; rec.outcome = M.record.outcome; rec.expires = M.record.expires;
  drops_what_is_refused()
}
