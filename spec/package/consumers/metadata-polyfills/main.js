// Loads the polyfills and this package in many orders, each in a process of its own: what is read from a decorated method
// is what is read from the same method without @Idempotent.
import { execFileSync } from 'node:child_process';

const polyfills = [
  'reflect-metadata-0.1.13',
  'reflect-metadata-0.1.14',
  'reflect-metadata',
  'core-js/proposals/reflect-metadata.js',
  '@abraham/reflection',
];
const orders = polyfills.flatMap((one) => [
  [one, 'retrysafe', 'classes', 'calls'],
  ['retrysafe', one, 'classes', 'calls'],
  // What the library knows of its classes outlives a polyfill that comes between.
  ['retrysafe', 'classes', one, 'calls'],
  ...polyfills
    .filter((other) => other !== one)
    // reflect-metadata 0.2 asks the one before for functions that this one lacks, and throws, with this package or without.
    .filter((other) => !(one === '@abraham/reflection' && other === 'reflect-metadata'))
    .flatMap((other) => [
      [one, other, 'retrysafe', 'classes', 'calls'],
      [one, 'retrysafe', 'classes', other, 'calls'],
    ]),
]);

// What comes to be on Reflect too early would decide what a later polyfill sees.
execFileSync(
  process.execPath,
  [
    '-e',
    `const keys = () => Reflect.ownKeys(Reflect).map(String).join();
    const before = keys();
    require('retrysafe');
    import('retrysafe').then(() => process.exit(keys() === before ? 0 : 1));`,
  ],
  { stdio: 'inherit' },
);
for (const order of orders) execFileSync(process.execPath, ['order.js', ...order], { stdio: 'inherit' });
console.log(`${orders.length} orders of polyfills`);
