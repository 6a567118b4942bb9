/** What an element is made of. A text is only ever a text: nothing here parses HTML. */
export type Child = Node | string | undefined | false;

type Properties = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;

/**
 * Makes an element. A function is a listener of the event of its name, `true` is an attribute without a value, and `false` and `undefined` are
 * none.
 */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  give(element, properties);
  element.append(
    ...children.filter((child): child is Node | string => child !== undefined && child !== false),
  );
  return element;
}

/** Makes an element of SVG. */
export function draw(tag: string, properties: Properties = {}, ...children: readonly Node[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  give(element, properties);
  element.append(...children);
  return element;
}

function give(element: Element, properties: Properties): void {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value));
  }
}

let count = 0;

/** Returns an id that no other element has. */
export function newId(): string {
  count += 1;
  return `id-${count}`;
}

/** A control with its label before it, and what else is to be known about it. */
export function labelled<Control extends HTMLElement>(
  label: string,
  control: Control,
  hint?: string,
): { readonly field: HTMLElement; readonly control: Control } {
  control.id = newId();
  const hintId = hint === undefined ? undefined : newId();
  if (hintId) control.setAttribute('aria-describedby', hintId);
  const field = make(
    'div',
    { class: 'field' },
    make('label', { for: control.id }, label),
    control,
    hint !== undefined && make('p', { class: 'hint', id: hintId }, hint),
  );
  return { field, control };
}

/** A list of options to choose from. */
export function select(
  options: readonly (readonly [value: string, text: string])[],
  chosen: string,
): HTMLSelectElement {
  return make(
    'select',
    {},
    ...options.map(([value, text]) => make('option', { value, selected: value === chosen }, text)),
  );
}

/** A heading that gets the focus when its view is shown, so that a screen reader begins there. */
export function heading(text: string): HTMLHeadingElement {
  return make('h1', { tabindex: -1 }, text);
}
