/** The choices of a history that are not the first ones: after so many steps one of those that there were, and before it those of its parent. */
export interface Plan {
  readonly parent: Plan | undefined;
  readonly step: number;
  readonly option: number;
  readonly label: string;
  readonly isFault: boolean;
  /** How many of the choices are no faults. */
  readonly switches: number;
}

/** Returns the choices in the order of their steps. */
export function choicesOf(plan: Plan | undefined): Plan[] {
  const all: Plan[] = [];
  for (let at = plan; at; at = at.parent) all.push(at);
  return all.reverse();
}

/** Writes a plan as the option `repeat` has it. */
export function textOf(plan: Plan | undefined): string {
  return choicesOf(plan)
    .map(({ step, option }) => `${step}:${option}`)
    .join(' ');
}

/** Reads what `textOf` has written, or returns nothing where it is something else. */
export function planOf(text: string): Plan[] | undefined {
  if (text.trim() === '') return [];
  const choices = text
    .trim()
    .split(/ +/)
    .map((one) => /^(\d{1,6}):(\d{1,6})$/.exec(one));
  if (choices.some((one) => one === null)) return undefined;
  return choices.map((one) => ({
    parent: undefined,
    step: Number(one?.[1]),
    option: Number(one?.[2]),
    label: '',
    isFault: false,
    switches: 0,
  }));
}
