import type { z } from 'zod';
import { catalogSchemas, ddlLeasePrefix, loadSlotPrefix, serviceTableNames } from '../service-names.ts';
import type { LoadSettings } from './load-settings.ts';

/** Something that is wrong with a value as it was read, before it is known what it is for. */
export interface ValueProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * Looks through everything that a configuration says for what no part of it may have: a NUL character, which no database
 * and no file system stores, and keys named `__proto__`, which are lost on the way.
 */
export function refusedValues(value: unknown, path: readonly PropertyKey[] = []): readonly ValueProblem[] {
  if (typeof value === 'string') return value.includes('\0') ? [{ path, message: nulMessage }] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = [...path, Array.isArray(value) ? Number(key) : key];
    if (key.includes('\0')) return [{ path, message: `has a key with a NUL character (${JSON.stringify(key)})` }];
    if (key === '__proto__') return [{ path, message: 'cannot have the key __proto__; choose another name' }];
    return refusedValues(inner, place);
  });
}

const nulMessage = 'has a NUL character, which no database stores; remove it';

/** Names of a pipeline that belong to the service or the database, and lists that name a column twice. */
export function checkPipelineNames(
  name: string,
  settings: LoadSettings & { readonly required_columns?: readonly string[] | undefined },
  context: z.core.$RefinementCtx,
): void {
  const add = (path: readonly PropertyKey[], message: string): void =>
    context.addIssue({ code: 'custom', path: ['pipelines', name, ...path], message });
  for (const prefix of [ddlLeasePrefix, loadSlotPrefix].filter((one) => name.startsWith(one))) {
    add([], `names of pipelines cannot begin with "${prefix}", under which the service keeps leases`);
  }
  const [first = '', second] = settings.target_table.split('.');
  const schema = second === undefined ? 'public' : first;
  const table = second ?? first;
  if (schema === 'public' && serviceTableNames.includes(table)) {
    add(['target_table'], `${table} is a table that the service itself keeps; choose another name`);
  }
  if (catalogSchemas.includes(schema) || schema.startsWith('pg_')) {
    add(['target_table'], `${schema} is a schema of the database itself; choose another one`);
  }
  const lists: readonly (readonly [readonly PropertyKey[], readonly string[]])[] = [
    [['key_columns'], settings.key_columns],
    ...settings.indexes.map((index, at) => [['indexes', at], 'columns' in index ? index.columns : index] as const),
  ];
  for (const [path, names] of lists) {
    const twice = names.find((column, at) => names.indexOf(column) !== at);
    if (twice !== undefined) add(path, `names the column ${twice} twice; name it once`);
  }
}
