import { cleanName } from '../../cleaned-name.ts';
import { commonType } from './common-type.ts';
import type { FieldPlaces, OpenedParts, PartFields } from './opened-parts.ts';
import { isAlwaysYes, questionOf } from './parquet-questions.ts';
import { placeColumns } from './select-csv.ts';

/**
 * The columns of a source: the union of what its parts say, in first-seen order. The same whether the parts are asked
 * together or one by one.
 */
export async function uniteFields({
  fields,
  holds,
  kind,
}: Pick<OpenedParts, 'fields' | 'holds' | 'kind'>): Promise<FieldPlaces> {
  if (kind === 'json') return uniteKeys(fields);
  const names: string[] = [];
  const places = fields.map((part) => placeColumns(part.names, names));
  if (kind === 'text') return { columns: names.map((sourceName) => ({ sourceName, duckType: 'VARCHAR' })), places };
  const columns: FieldPlaces['columns'][number][] = [];
  for (const [column, sourceName] of names.entries()) {
    const own = fields.flatMap((part, at) => {
      const field = places[at]?.indexOf(column) ?? -1;
      return field === -1 ? [] : [{ part: at, field, type: part.types?.[field] ?? 'VARCHAR' }];
    });
    columns.push({ sourceName, duckType: await typeOf(own, holds) });
  }
  return { columns, places };
}

/** The type that holds a column's values in all files, exactly. */
async function typeOf(
  own: readonly { readonly part: number; readonly field: number; readonly type: string }[],
  holds: OpenedParts['holds'],
): Promise<string> {
  const types = [...new Set(own.map((one) => one.type))];
  const type = types.reduce(commonType);
  if (types.length === 1 && type !== 'TIMESTAMP_NS') return type;
  const question = questionOf(type);
  if (question === undefined) return type;
  for (const { field, part, type: from } of own) {
    if (!isAlwaysYes(question, from) && !(await holds(question, part, field))) return 'VARCHAR';
  }
  return type === 'TIMESTAMP_NS' ? 'TIMESTAMP' : type;
}

/** What names that make the same column have in common; those that differ in case, blanks and signs alone do. */
function foldedName(name: string): string {
  const folded = cleanName(name, 0);
  return folded === 'column_0' ? `\0${name}` : folded;
}

/** Names by what they have in common. */
export function groupNames(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const folded = foldedName(name);
    groups.set(folded, [...(groups.get(folded) ?? []), name]);
  }
  return groups;
}

/** Keys of one name but for case, blanks and signs are of one column; not where an object has two of them. */
function uniteKeys(fields: readonly PartFields[]): FieldPlaces {
  const names = [...new Set(fields.flatMap((part) => part.names))];
  const apart = new Set(fields.flatMap((part) => part.together ?? []));
  const firsts = new Map<string, number>();
  const columnOf = new Map<string, number>();
  const columns: FieldPlaces['columns'][number][] = [];
  for (const name of names) {
    const folded = foldedName(name);
    const present = apart.has(folded) ? undefined : firsts.get(folded);
    const column = present ?? columns.length;
    if (present === undefined) columns.push({ sourceName: name, duckType: 'VARCHAR' });
    if (!firsts.has(folded)) firsts.set(folded, column);
    columnOf.set(name, column);
  }
  return { columns, places: fields.map((part) => part.names.map((name) => columnOf.get(name) ?? -1)) };
}
