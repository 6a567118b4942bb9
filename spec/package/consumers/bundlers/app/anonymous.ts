import { makeIdempotent } from 'retrysafe';
import PayCard from './pay-card.js';
import refund from './refund.js';
import release from './release.js';
import { report } from './report.js';

report({
  'a default class': () => (request) => new PayCard().pay(request),
  'a default function': () => makeIdempotent(refund, { key: 'id' }),
  'a default arrow function': () => makeIdempotent(release, { key: 'id' }),
});
