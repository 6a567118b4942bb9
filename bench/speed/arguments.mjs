/**
 * Why a goal may be missed, by part. An argument holds for the goals whose text it matches, on all versions of Node.js or on some.
 * It is printed only where one of them is missed. It says what is structurally so, and the figures of that part have to show it.
 */
export const whyMissed = {
  'in-process': [
    {
      goals: /^first call: time, to AWS Powertools'/,
      text: 'First calls: the collection of garbage and the search in a map of all keys take the largest part of one, as the profile shows, and so they do of a first call of AWS Powertools, which keeps less of it. What retrysafe does besides and cannot leave out: SHA-256 of the key, a timer that watches the lease, a copy of the result that the method can no longer change, and the run that `currentExecution()` finds. Before Node.js 24 that run costs hooks of promises, and from then on a `Map` of its own.',
    },
    {
      goals: /^replay: time, to AWS Powertools'/,
      text: 'Replays: a replay is a claim that loses, since only one atomic step of the store may decide. So it makes the record that it would have kept. SHA-256 of the key, the search for it among all keys and the copy of the result take about half of the time. From Node.js 24 on promises cost less: AWS Powertools has eight of them in a replay, and got faster by it. retrysafe has two, and gains little.',
    },
    {
      goals: /to node-idempotency's/,
      text: 'Beside node-idempotency: it gets its key as it is, so it selects and hashes nothing, and it has neither a lease with its timer nor a run that `currentExecution()` finds. What hashing and encoding alone take, which it has the half of, is in the first table.',
    },
    {
      goals: /bytes allocated/,
      text: 'Bytes allocated: a call has a state of fifty fields, plain data that the machine, its model and its specification share, and a driver of it: 1 kB. The record of a claim and the request to the store are 0.6 kB, the texts of the key 0.7 kB, the copies of the result 0.2 kB for each caller and 0.6 kB where they are kept. From Node.js 24 on each run has a `Map` of 0.4 kB for its `AsyncLocalStorage`. A first call has a timer of 0.35 kB and the promises of its method of 0.4 kB.',
    },
  ],
  dynamodb: [
    {
      goals: /bytes sent/,
      text: 'Bytes of a first call: they are in the records. A key has all 64 digits of its SHA-256, and that of AWS Powertools has 24 characters of an MD5. Each write has the token, the lease, and the condition by which a completion loses to a call that took over. AWS Powertools writes its completion without a condition.',
    },
    {
      goals: /time, to AWS Powertools'/,
      majors: [20, 22],
      text: 'Times on Node.js 20 and 22: an `AsyncLocalStorage` costs a call of hooks for every promise of the process there, and the AWS SDK has many for each request. `currentExecution()` needs it, also after the method has returned. The profiles below have the hooks, and the last column of the table has the ratio to AWS Powertools where an application has an `AsyncLocalStorage` of its own.',
    },
    {
      goals: /time, to AWS Powertools'/,
      text: 'Times on every version: each request of retrysafe ends after 10 s, since one that is never answered would hold its call and its socket forever. So it has a timer, and a signal, for which the SDK races a promise. A request of AWS Powertools has the limits of its client alone. A claim has a timer that watches its lease, and more in its record, which is checked and copied where it comes back. The profiles have this in the lines of the library, of timers and of native code. The rest is the same work for both, and differs by what else the machine does, as the quartiles show.',
    },
  ],
  size: [
    {
      goals: /^bundled handler/,
      text: 'The handler: 14 kB of its bytes are names, which operations are named by, and 31 kB are texts: names of options and fields, and errors and warnings, each with what to do next. The rest is what promises are made of: telling apart and reviving values of every class (24 kB with devalue), 25 shapes of AWS events (8 kB), the checks of options (10 kB), two kinds of decorators and names that survive builds (8 kB), and the conditions, faults and limits of DynamoDB (8 kB). JMESPath beyond plain paths is an import of its own. AWS Powertools has none of these, and JMESPath.',
    },
    {
      goals: /after the AWS SDK/,
      text: 'Imports after the AWS SDK: V8 reads all of a bundle before any of it runs. Its time is in the last table of the part: the same for each byte of either library, so the bytes decide it. What then runs gives each function its name, which `keepNames` asks for, and checks the options of the store and of the method.',
    },
    {
      goals: /with the AWS SDK/,
      text: 'Imports with the AWS SDK: the same milliseconds more, beside those that the SDK takes, which are in the table.',
    },
  ],
  growth: [
    {
      goals: /^replay/,
      text: 'Replays with a million keys: what takes longer is to reach what the caches of the processor do not hold. The plain `Map` in the table does nothing else, and takes longer by a good part of it.',
    },
  ],
  http: [
    {
      goals: /^(?:Fastify|Hono) .* of a bare route's throughput/,
      text: 'Fastify and Hono: a bare route takes 20 to 35 µs where requests come in a crowd. A claim and its completion in memory take 15 µs in a loop and 45 in a server, where the caches of the processor hold other code between two calls: the digest of the key, a run that `currentExecution()` finds, a timer, a state that the model shares. The body that is parsed exactly, sorted and digested takes 20 more. So no guard over this engine leaves half of a route that does nothing. Of a route that waits for 5 ms it takes a tenth.',
    },
    {
      goals: /^Express .* of a bare route's throughput/,
      text: 'Express: the same, and as much again for the response, which is held until it is recorded.',
    },
    {
      goals: /node-idempotency/,
      text: 'Beside node-idempotency on NestJS: it keeps the value that a method returns, and no response. So it calls nothing of Express, and replays no header but `Content-Type`, no bytes, nothing that `@Res()` wrote, and no stream (see http-conformance.md). A first call of retrysafe holds the response until it is recorded, and makes the method in a run that everything it calls can find: 37 kB of objects more, whose collection alone is a third of the difference.',
    },
    {
      goals: /^fetch handler: .* 15 % longer/,
      text: 'A fetch-style handler with 5 ms: `@hono/node-server` gives a bare handler the body without making a `Request`. The guard needs a copy of the request, so that the handler may do everything with it, and for that one has to be made. On a platform that makes a `Request` in any case, the bare handler pays for it, too.',
    },
    {
      goals: /^NestJS .* 15 % longer/,
      text: 'NestJS with 5 ms: that a route has an interceptor at all costs it a third of this, as the other library shows. After a pause the same code takes several times as long as in a crowd.',
    },
  ],
};
