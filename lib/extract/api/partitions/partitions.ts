import type { ApiSettings } from '../../../config/pipeline.ts';
import { type ForEachKind, type ForEachObject, forEachKind, forEachObject } from '../../../config/source-for-each.ts';
import type { ParentSettings } from '../../../config/source-parent.ts';
import { placeholdersIn, type RequestTexts } from '../template/request-template.ts';

/** One of the lists that requests are made for; an endpoint may be asked for each of another. */
export interface PartitionLevel {
  readonly kind: ForEachKind;
  readonly settings: ForEachObject;
  /** Fields of each partition that are needed, as those below name them; of levels further up with `parent.` before. */
  readonly names: readonly string[];
}

/** What the rows' requests are made for, one for each. */
export interface Partitions {
  /** The outermost first. */
  readonly levels: readonly PartitionLevel[];
  readonly include: Readonly<Record<string, string>>;
  readonly noRowsStatuses: readonly number[];
  readonly skipStatuses: readonly number[];
  /** Fields that the requests are made of; they tell partitions apart. */
  readonly requestNames: readonly string[];
  /** Where one request is made for so many partitions: the fields of theirs by the placeholder's member. */
  readonly batch: { readonly size: number; readonly fields: Readonly<Record<string, string>> } | undefined;
}

/** Undefined where requests are made for nothing else. */
export function partitionsOf(settings: ApiSettings, texts: RequestTexts): Partitions | undefined {
  const innermost =
    settings.for_each === undefined
      ? settings.parent === undefined
        ? undefined
        : ofParent(settings.parent)
      : forEachObject(settings.for_each);
  if (innermost === undefined) return undefined;
  const used = placeholdersIn(texts);
  const batches = used.filter(({ name }) => name === 'batch');
  const fields = Object.fromEntries(batches.map(({ member }) => [member ?? '', member ?? defaultField(innermost)]));
  const parentNames = used.flatMap(({ member, name }) => (name === 'parent' ? [member ?? ''] : []));
  const requestNames = [...new Set([...parentNames, ...Object.values(fields)])];
  const size = batches[0]?.size ?? 1;
  return {
    levels: levelsOf(innermost, [...new Set([...requestNames, ...Object.values(innermost.include)])]),
    include: innermost.include,
    noRowsStatuses: innermost.no_rows_statuses,
    skipStatuses: innermost.skip_statuses,
    requestNames,
    batch: batches.length === 0 ? undefined : { size, fields },
  };
}

/** The field that a batch is of where its placeholder names none. */
function defaultField({ column, values }: ForEachObject): string {
  return values === undefined ? (column ?? 'id') : 'value';
}

function levelsOf(settings: ForEachObject, names: readonly string[]): readonly PartitionLevel[] {
  const kind = forEachKind(settings) ?? 'values';
  const level: PartitionLevel = { kind, settings, names };
  if (settings.for_each === undefined) return [level];
  const outer = forEachObject(settings.for_each);
  const own = placeholdersIn({ ...listTexts(settings), headers: {} }).flatMap(({ member, name }) =>
    name === 'parent' ? [member ?? ''] : [],
  );
  const above = names.filter(isAbove).map((name) => name.slice(prefix.length));
  return [...levelsOf(outer, [...new Set([...own, ...above])]), level];
}

const prefix = 'parent.';

/** Whether a field is one of a level further up. */
export function isAbove(name: string): boolean {
  return name.startsWith(prefix);
}

/** How a level further down calls a field. */
export function nameBelow(name: string): string {
  return `${prefix}${name}`;
}

/** The request that lists a level. */
export function listTexts({
  body,
  endpoint = '',
  method = 'GET',
  params,
}: ForEachObject): Omit<RequestTexts, 'headers'> {
  return { method, endpoint, params, body };
}

function ofParent(parent: ParentSettings): ForEachObject {
  return { ...parent };
}
