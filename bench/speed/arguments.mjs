/**
 * Why a goal may be missed, by part. An argument holds for the goals whose text it matches, on all versions of Node.js or on some.
 * It is printed only where one of them is missed. It says what is structurally so, and the figures of that part have to show it.
 */
export const whyMissed = {
  'in-process': [],
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
  ],
  growth: [
    {
      goals: /^replay/,
      text: 'Replays with a million keys: what takes longer is to reach what the caches of the processor do not hold. The plain `Map` in the table does nothing else, and takes longer by a good part of it.',
    },
  ],
};
