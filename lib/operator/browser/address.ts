/** The part of the page that is shown. */
export type ViewName = 'records' | 'record' | 'counts' | 'rates';

/** What the address of the page says: all that is needed to show the same again. */
export interface Address {
  readonly view: ViewName;
  readonly store: string;
  /** `any` for every status. */
  readonly status: string;
  readonly operation: string;
  readonly prefix: string;
  /** An age such as `15m`. */
  readonly age: string;
  readonly cursor: string;
  /** The record that is shown. */
  readonly key: string;
}

const noFilters = { status: 'stuck', operation: '', prefix: '', age: '', cursor: '', key: '' };
const views: readonly string[] = ['records', 'record', 'counts', 'rates'] satisfies ViewName[];

/** Reads the address. What it does not say is as it is at first: the stuck records of the first store. */
export function readAddress(search: string, stores: readonly string[]): Address {
  const given = new URLSearchParams(search);
  const view = given.get('view') ?? 'records';
  const store = given.get('store') ?? '';
  const filters = Object.entries(noFilters).map(([name, otherwise]) => [name, given.get(name) ?? otherwise]);
  return {
    ...(Object.fromEntries(filters) as typeof noFilters),
    view: views.includes(view) ? (view as ViewName) : 'records',
    store: stores.includes(store) ? store : (stores[0] ?? ''),
  };
}

/** Returns the address of a view, with what differs from how it is at first. */
export function addressOf(given: Partial<Address>): string {
  const parts = Object.entries({ view: 'records', ...noFilters, ...given }).filter(
    ([name, value]) =>
      value !== ({ view: 'records', ...noFilters } as Readonly<Record<string, string>>)[name],
  );
  const search = new URLSearchParams(parts).toString();
  return search === '' ? './' : `?${search}`;
}
