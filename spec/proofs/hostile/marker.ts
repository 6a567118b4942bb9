/** Stands for whatever is nobody's business in a payload, a result or an application's error. */
export const marker = 'Zx9-nobodys-business';

/** Whether a text gives the marker away, or a part of it that tells as much. */
export function gaveAway(text: string): boolean {
  return text.includes(marker) || text.includes('nobodys-business');
}
