import { BEGINNING, type Happening } from './happening.js';
import { seconds, wordsForCall } from './words.js';

/** Draws a history as a sequence diagram of Mermaid. */
export function diagramOf(happenings: readonly Happening[]): string {
  const names = new Map<unknown, string>();
  for (const { process } of happenings) names.set(process, `P${process.number}`);
  const effects = new Set(
    happenings.flatMap((one) => (one.what === 'does' && one.kind !== 'store' ? [one.name] : [])),
  );
  const outside = new Map([...effects].map((name, index) => [name, `E${index + 1}`]));
  return [
    'sequenceDiagram',
    ...[...names].map(
      ([process, id]) => `  participant ${id} as ${plain((process as Happening['process']).name)}`,
    ),
    '  participant S as store',
    ...[...outside].map(([name, id]) => `  participant ${id} as ${plain(name)}`),
    ...happenings.flatMap((one) => lineFor(one, names.get(one.process) as string, outside)),
  ].join('\n');
}

function lineFor(happening: Happening, id: string, outside: ReadonlyMap<string, string>): string[] {
  const at = seconds(happening.at - BEGINNING);
  switch (happening.what) {
    case 'begins':
      return [`  Note over ${id}: begins at ${at}`];
    case 'does': {
      if (happening.kind === 'store')
        return [`  ${id}->>S: ${happening.record?.state.status ?? 'complete(), refused'} at ${at}`];
      const arrow = 'error' in happening.done ? '-x' : '->>';
      return [`  ${id}${arrow}${outside.get(happening.name)}: ${plain(wordsForCall(happening))} at ${at}`];
    }
    case 'fault':
      return [`  Note over ${id}: ${happening.fault}, ${plain(happening.name)}`];
    case 'resumes':
      return [`  Note over ${id}: goes on at ${at}`];
    case 'returns':
      return [`  Note over ${id}: returns`];
    case 'fails':
      return [
        `  Note over ${id}: ${happening.isLast ? 'ends with' : 'fails with'} ${plain((happening.error as Error | undefined)?.name ?? 'an error')}`,
      ];
  }
}

/** Without what Mermaid reads as its own. */
function plain(text: string): string {
  return text
    .replace(/[;#<>\n]/g, ' ')
    .replace(/,$/, '')
    .trim();
}
