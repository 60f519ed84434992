import { parseJsonPath } from '../../config/json-path.ts';
import { ownValue } from '../../own-value.ts';
import { columnAdder } from '../json/add-columns.ts';
import { fieldPath, fieldReader } from '../json/field-reader.ts';
import { ParentFieldMissingError } from './errors.ts';
import type { ParentFields } from './template/template-value.ts';

/**
 * Reads the needed fields of a parent's row.
 *
 * @returns  a function that throws {@link ParentFieldMissingError} when a field is absent, null or no plain value
 */
export function parentReader(names: readonly string[], endpoint: string): (line: Buffer) => ParentFields {
  const read = fieldReader(Object.fromEntries(names.map((name) => [name, fieldPath(name, parseJsonPath)])));
  return (line) => {
    const found = read(line);
    const fields = new Map<string, string>();
    for (const name of names) {
      const json = found.get(name);
      if (json === undefined || /^(null$|\{|\[)/.test(json)) throw new ParentFieldMissingError(endpoint, name);
      fields.set(name, json);
    }
    return Object.fromEntries(fields);
  };
}

/** Adds fields of the parent to a row. */
export function rowWithParent(
  include: Readonly<Record<string, string>>,
): (line: Buffer, fields: ParentFields) => Buffer {
  const columns = Object.entries(include);
  if (columns.length === 0) return (line) => line;
  const add = columnAdder(
    columns.map(([column]) => column),
    'include of parent or for_each',
  );
  return (line, fields) =>
    add(
      line,
      columns.map(([, field]) => ownValue(fields, field) ?? 'null'),
    );
}
