/**
 * Reports what a hook or a spec stands for as pending, loudly. In CI, where `.ci/run` installs whatever is missing,
 * it fails instead, unless that is how it should be on some of the machines there.
 */
export function pending(context: Mocha.Context, why: string, mayBe = false): never {
  const suite = context.test?.parent?.title ?? 'a spec';
  if (process.env.CI && !mayBe) throw new Error(`${suite}: ${why}, and nothing of this may be pending in CI`);
  console.error(`PENDING: ${suite}: ${why}`);
  return context.skip();
}
