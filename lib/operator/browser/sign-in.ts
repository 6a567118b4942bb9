import { ask } from './ask.js';
import { wordsOf } from './notices.js';

/*
 * The link of `npx retrysafe ui` has its token behind the `#`, which no browser sends to a server. It is exchanged once for a cookie that no script
 * reads, and is gone from the address before that.
 */
async function signIn(): Promise<void> {
  const token = location.hash.slice(1);
  history.replaceState(null, '', location.pathname + location.search);
  const status = document.querySelector('[role=status]');
  try {
    await ask('sign-in', { token });
    location.reload();
  } catch (error) {
    if (status) status.textContent = wordsOf(error);
  }
}

void signIn();
