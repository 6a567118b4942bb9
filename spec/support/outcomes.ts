import { createHash } from 'node:crypto';

/** Random text whose JSON has so many bytes, the same each time; gzip takes away a quarter of it at most. */
export function randomText(bytes: number): string {
  // Two of them are the quotes.
  return createHash('shake256', { outputLength: bytes })
    .update('text')
    .digest('base64')
    .slice(0, bytes - 2);
}

/** A statement with many bookings, whose JSON has so many bytes, the same each time; gzip makes it much smaller. */
export function statement(bytes: number) {
  const digits = createHash('shake256', { outputLength: bytes }).update('statement').digest('hex');
  const bookings: object[] = [];
  let left = bytes - JSON.stringify({ account: 'DE02120300000000202051', padding: '', bookings }).length;
  for (let at = 0; ; at += 24) {
    const amount = Number.parseInt(digits.slice(at, at + 4), 16) / 100;
    const booking = { id: `B-${digits.slice(at, at + 24)}`, bookedOn: '2026-01-15', amount, currency: 'EUR' };
    const size = JSON.stringify(booking).length + (at > 0 ? 1 : 0);
    if (size > left) return { account: 'DE02120300000000202051', padding: '-'.repeat(left), bookings };
    bookings.push(booking);
    left -= size;
  }
}
