import { placeHold, pool, store } from './pre-fund.mjs';

export default {
  stores: store,
  operations: [placeHold], // classes with decorated methods, too
  close: () => pool.end(),
};
