/**
 * Why a goal may be missed: by part, and by the goal's text. An argument is printed only where the goal is missed. It says
 * what is structurally so, and the part's profile has to show it.
 */
export const whyMissed = {
  'in-process': {},
  dynamodb: {
    "first call: bytes sent, to AWS Powertools'":
      'the further bytes are in the records. A key has all 64 digits of its SHA-256, and that of AWS Powertools has 24 characters of an MD5. Each write has the token, the lease, and the condition by which a completion loses to a call that took over. AWS Powertools writes its completion without a condition.',
  },
};
