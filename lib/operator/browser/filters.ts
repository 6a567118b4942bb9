import { labelled, make, select } from './elements.js';
import type { Page } from './page.js';
import { statusChoices } from './statuses.js';
import { ageMsOf, visible } from './text.js';

/** The form that says which records are shown. What it says is in the address. */
export function filterForm(page: Page): HTMLFormElement {
  const { address, session } = page;
  const store = labelled(
    'Store',
    select(
      session.stores.map((name) => [name, visible(name)]),
      address.store,
    ),
  );
  const status = labelled('Status', select(statusChoices, address.status));
  const operation = labelled('Operation', input(address.operation, 'Its whole name'));
  const prefix = labelled('Key begins with', input(address.prefix, 'operation#…'));
  const age = labelled('Older than', input(address.age, '15m, 2h, 1d'));
  age.control.size = 10;
  const submit = (event: Event) => {
    event.preventDefault();
    const isAge = age.control.value.trim() === '' || ageMsOf(age.control.value) !== undefined;
    age.control.setCustomValidity(isAge ? '' : 'A number with s, m, h or d, such as 15m.');
    if (!age.control.reportValidity()) return;
    page.go({
      store: store.control.value,
      status: status.control.value,
      operation: operation.control.value.trim(),
      prefix: prefix.control.value.trim(),
      age: age.control.value.trim(),
      cursor: '',
      view: 'records',
    });
  };
  age.control.addEventListener('input', () => age.control.setCustomValidity(''));
  return make(
    'form',
    { class: 'filters', role: 'search', 'aria-label': 'Records', submit },
    store.field,
    status.field,
    operation.field,
    prefix.field,
    age.field,
    make('button', { type: 'submit' }, 'Show'),
  );
}

function input(value: string, placeholder: string): HTMLInputElement {
  return make('input', {
    type: 'text',
    value,
    placeholder,
    autocomplete: 'off',
    spellcheck: 'false',
    autocapitalize: 'off',
  });
}
