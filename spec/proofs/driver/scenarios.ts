import type { Bounds, Port, Scenario, Script } from './scenario.js';

const ports: readonly Port[] = ['promises', 'values', 'in memory'];

/** The same on each kind of port. */
function onEach(
  name: string,
  calls: readonly Script[],
  bounds: (port: Port) => Bounds,
  more: Partial<Scenario> = {},
): Scenario[] {
  return ports.map((port) => ({ name: `${name}, ${port}`, port, calls, bounds: bounds(port), ...more }));
}

/** With promises more can happen in between. */
function depths(withPromises: number, withValues: number, more: Partial<Bounds> = {}) {
  return (port: Port): Bounds => ({ depth: port === 'promises' ? withPromises : withValues, ...more });
}

export const scenarios: readonly Scenario[] = [
  ...onEach('two calls, with faults', ['waits', 'waits'], depths(6, 8, { faults: 1, timers: 1 })),
  ...onEach('two calls in a hurry', ['waits', 'waits'], depths(6, 6, { hurries: 2 })),
  ...onEach('three calls', ['waits', 'waits', 'waits'], depths(8, 9, { hurries: 1 })),
  ...onEach(
    'a method that completes its call itself',
    ['completes', 'waits'],
    depths(8, 8, { faults: 1, hurries: 1 }),
  ),
  ...onEach(
    'a method that asks for two completions',
    ['asks twice'],
    depths(6, 7, { faults: 1, timers: 1, hurries: 1 }),
  ),
  ...onEach('a call inside another', ['nests another', 'waits'], depths(7, 7, { hurries: 1 })),
  ...onEach('a call inside itself', ['nests itself', 'waits'], depths(7, 7, { hurries: 1 })),
  ...onEach('a listener of the signal that calls back', ['listens', 'waits'], depths(6, 7, { timers: 3 }), {
    options: { lease: 3, renewFor: 3 },
  }),
  ...onEach('an operator who forgets', ['waits', 'waits', 'waits'], depths(5, 5, { hurries: 1 }), {
    operator: 'forgets',
  }),
  ...onEach('a listener that forgets', ['waits', 'waits', 'waits'], depths(8, 9), { listener: 'forgets' }),
  ...onEach('an operator who gives a value', ['waits', 'waits', 'waits'], depths(5, 5, { hurries: 1 }), {
    operator: 'gives a value',
  }),
  ...onEach('an operator who lets a key run again', ['waits', 'waits', 'waits'], depths(5, 5), {
    operator: 'lets it run again',
  }),
  ...onEach('an operator who refuses', ['waits', 'completes'], depths(5, 5, { faults: 1 }), {
    operator: 'refuses',
  }),
  ...onEach('a listener that gives a value', ['waits', 'waits', 'waits'], depths(8, 9, { hurries: 1 }), {
    listener: 'gives a value',
  }),
  {
    name: 'notices of another process',
    port: 'promises',
    calls: ['waits', 'waits'],
    isHeldElsewhere: true,
    bounds: { depth: 8, timers: 1 },
  },
  {
    name: 'notices of another process, values',
    port: 'values',
    calls: ['waits', 'waits'],
    isHeldElsewhere: true,
    bounds: { depth: 6, timers: 1, hurries: 1 },
  },
];
