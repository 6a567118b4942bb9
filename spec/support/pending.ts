/**
 * Reports what a hook or a spec stands for as pending, loudly. In CI, where `.ci/run` installs whatever is missing,
 * it fails instead.
 */
export function pending(context: Mocha.Context, why: string): never {
  const suite = context.test?.parent?.title ?? 'a spec';
  if (process.env.CI) throw new Error(`${suite}: ${why}, and nothing of this may be pending in CI`);
  console.error(`PENDING: ${suite}: ${why}`);
  return context.skip();
}
