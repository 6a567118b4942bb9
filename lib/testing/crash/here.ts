import { AsyncLocalStorage } from 'node:async_hooks';
import { shared } from '../../process/shared.js';
import type { Place } from './place.js';

/** Where the code that runs just now belongs. Nowhere for everything but crash tests. */
export const here = shared('crash-test-place', () => new AsyncLocalStorage<Place>());
