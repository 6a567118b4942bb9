import type { ResolvedAs } from '../../record/record.js';
import { labelled, make, newId } from './elements.js';

/** What the operator decides. */
export interface Decision {
  readonly as: ResolvedAs;
  readonly json?: string;
  /** With a value: whether no operation among them has a codec. */
  readonly isPlain?: boolean;
  readonly reason: string;
}

const choices: readonly (readonly [as: ResolvedAs, name: string, text: string])[] = [
  [
    'value',
    'Answer with a value',
    'You know what came of the work. Equal calls get this value, as if the method had returned it.',
  ],
  ['run-again', 'Run again', 'The work was not done. The next equal call runs it, as another attempt.'],
  [
    'refuse',
    'Refuse',
    'The work must not run again. Until the record expires, equal calls get an error that says who decided this, when and why.',
  ],
  ['forgotten', 'Forget', 'The key is free, as if it had never been used.'],
];

interface Options {
  /** What was decided before, to be changed. */
  readonly before: Decision | undefined;
  /** Whether the server does not know how all of the operations encode their results. */
  readonly isForeign: boolean;
  onCancel(): void;
  onDecided(decision: Decision): void;
}

/** The form in which an operator decides. */
export function decisionForm({ before, isForeign, onCancel, onDecided }: Options) {
  const value = valuePart(before, isForeign);
  const reason = reasonPart(before);
  const radios = choices.map(([as, name, text]) => choice(as, name, text, before?.as === as));
  const chosen = () => radios.find(({ radio }) => radio.checked)?.radio.value as ResolvedAs | undefined;
  const showValue = () => value.show(chosen() === 'value');
  for (const { radio } of radios) radio.addEventListener('change', showValue);
  const submit = (event: Event) => {
    event.preventDefault();
    const as = chosen();
    value.check(as === 'value');
    reason.check();
    if (!form.reportValidity() || as === undefined) return;
    onDecided({ as, reason: reason.text(), ...(as === 'value' && value.read()) });
  };
  const form = make(
    'form',
    { novalidate: true, submit },
    make(
      'fieldset',
      {},
      make('legend', {}, 'What is to become of it?'),
      ...radios.map(({ element }) => element),
    ),
    value.element,
    reason.element,
    make(
      'div',
      { class: 'buttons last' },
      make('button', { type: 'button', click: onCancel }, 'Cancel'),
      make('button', { type: 'submit', class: 'primary' }, 'Continue'),
    ),
  );
  showValue();
  return { form, focus: () => (radios.find(({ radio }) => radio.checked) ?? radios[0])?.radio.focus() };
}

/** Where the value is written that equal calls get. */
function valuePart(before: Decision | undefined, isForeign: boolean) {
  const { field, control } = labelled(
    'Value, as JSON',
    make('textarea', { rows: 5, spellcheck: 'false' }, before?.json ?? ''),
  );
  const plain = make('input', { type: 'checkbox', checked: before?.isPlain });
  const ofForeign = make(
    'p',
    { class: 'inline' },
    make('label', { class: 'inline' }, plain, 'The operation has no codec: its results are plain JSON'),
  );
  const element = make('div', { class: 'decision' }, field, isForeign && ofForeign);
  const clear = () => {
    control.setCustomValidity('');
    plain.setCustomValidity('');
  };
  control.addEventListener('input', clear);
  plain.addEventListener('change', clear);
  return {
    element,
    show: (isShown: boolean) => {
      element.hidden = !isShown;
      clear();
    },
    check: (isAsked: boolean) => {
      control.setCustomValidity(isAsked && !isJson(control.value) ? 'This is not JSON.' : '');
      const isOpen = isAsked && isForeign && !plain.checked;
      plain.setCustomValidity(isOpen ? 'This page does not know how the operation encodes its results.' : '');
    },
    read: () => ({ json: control.value, ...(isForeign && { isPlain: plain.checked }) }),
  };
}

function reasonPart(before: Decision | undefined) {
  const { field, control } = labelled(
    'Reason',
    make('input', {
      type: 'text',
      required: true,
      maxlength: 200,
      value: before?.reason,
      autocomplete: 'off',
    }),
    'A ticket, or what you found out. It is kept in the record, with your name.',
  );
  field.classList.add('decision');
  const text = () => control.value.trim();
  control.addEventListener('input', () => control.setCustomValidity(''));
  return { element: field, text, check: () => control.setCustomValidity(text() === '' ? 'Say why.' : '') };
}

function choice(as: ResolvedAs, name: string, text: string, isChosen: boolean) {
  const hintId = newId();
  const radio = make('input', {
    type: 'radio',
    name: 'as',
    value: as,
    required: true,
    checked: isChosen,
    'aria-describedby': hintId,
  });
  const label = make('label', {}, radio, make('strong', {}, name));
  return {
    radio,
    element: make('div', { class: 'choice' }, label, make('p', { class: 'hint', id: hintId }, text)),
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
