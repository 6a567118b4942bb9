import type { Change } from '../mutant.js';

/** Where `condition` holds, a write replaces whatever is there: it reads first, and follows what it found. */
export function overwriting(condition: string): Change {
  return {
    file: 'lib/engine/claim/claim.ts',
    replace: 'const send = () => this.call.store.replace(record, token);',
    by: `const send = async () => {
      const { store } = this.call;
      const found = ${condition} ? await store.find(record.key, { consistent: true }) : undefined;
      return store.replace(record, found?.token ?? token);
    };`,
  };
}
