// How long a duplicate waits, whatever of the time is faked.
import { InMemoryStore, makeIdempotent } from 'retrysafe';

let calls = 0;

/** The code of the error by which a duplicate is refused that may wait 300 ms, once `pass` has let time pass. */
export async function codeAfterWait(
  pass: (milliseconds: number) => Promise<unknown>,
): Promise<string | undefined> {
  calls += 1;
  const call = makeIdempotent(() => new Promise<never>(() => {}), {
    name: `waits ${calls}`,
    key: () => 'the same',
    store: new InMemoryStore(),
    wait: '300ms',
  });
  let code: string | undefined;
  void call();
  call().catch((error: { readonly code: string }) => {
    code = error.code;
  });
  await pass(450);
  return code;
}
