import { explodeSettings } from '../../config/nested.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { NestedSourceError, RowsUnaccountedError } from '../errors.ts';
import type { RawRows, RowProblemCode } from '../read/raw-rows.ts';
import type { TransformSettings } from '../request.ts';
import { jsonKind } from './json-kind.ts';
import type { ShapeEvidence } from './member-evidence.ts';
import type { NestedKind } from './nested-kind.ts';
import { rowProblems, rowsToShape, type ShapeKnowledge, type ShapeRequest, Shaping } from './shaping.ts';
import { typedKind } from './typed-kind.ts';

const kinds: Readonly<Record<RawRows['kind'], NestedKind | undefined>> = {
  json: jsonKind,
  typed: typedKind,
  text: undefined,
};

/** Rows in their shape, and what they say of it. */
export interface ShapedRows {
  readonly raw: RawRows;
  /** What tells each of its columns from the others. */
  readonly paths: readonly (readonly string[])[];
  readonly evidence: ShapeEvidence;
}

/** Whether a configuration asks for another shape of rows than the source has. */
export function asksForShape({ explode, flatten }: Pick<TransformSettings, 'explode' | 'flatten'>): boolean {
  return explode !== undefined || flatten !== undefined;
}

/**
 * Spreads objects over columns and makes a row of each element of a list, as the configuration asks for: first the
 * objects that lead to the list, then its elements, then objects down to the depth of `flatten`, counted from the record
 * and from the element. Rows keep the order of their records, and elements that of their list.
 *
 * @returns the same rows where the configuration asks for nothing, or there are none
 * @throws {NestedSourceError} where the source has no nested values, or the column is no list
 * @throws {UnknownColumnError} where there is no column of the path, and no table yet that would say that it may lack
 */
export async function shapeRows(
  request: ShapeRequest,
  session: DuckDbSession,
  raw: RawRows,
  scratch: string,
): Promise<RawRows> {
  if (!asksForShape(request.settings) || raw.rows === 0 || raw.columns.length === 0) return raw;
  return (await shapeKnown(request, session, raw, scratch, { isPiece: false })).raw;
}

/** The same of rows that are only some of a source, or none, with what is known of the others. */
export async function shapeKnown(
  request: ShapeRequest,
  session: DuckDbSession,
  raw: RawRows,
  scratch: string,
  knowledge: ShapeKnowledge,
): Promise<ShapedRows> {
  const { explode, flatten = 0, name: pipeline } = request.settings;
  const kind = kinds[raw.kind];
  if (kind === undefined) {
    throw new NestedSourceError({ pipeline, problem: 'the source is delimited text, which has no objects and lists' });
  }
  const work = new Shaping(session, kind, scratch, knowledge);
  let rows = rowsToShape(raw);
  let exploded: RawRows['exploded'];
  if (explode !== undefined) {
    const setting = explodeSettings(explode);
    rows = await work.spreadPath(rows, setting.path);
    const found = await work.explode(request, rows, setting.path);
    rows = found.rows;
    exploded = { ...setting, empty: found.empty, rows: found.total };
    if (found.total !== raw.rows + found.added) {
      throw new RowsUnaccountedError({
        where: 'Making rows of elements',
        expected: raw.rows + found.added,
        found: found.total,
      });
    }
  }
  for (let level = 0; level < flatten; level += 1) {
    const spread = await work.spread(rows, (column) => column.depth < flatten);
    if (spread === rows) break;
    rows = spread;
  }
  const shaped = {
    ...raw,
    relation: `(SELECT o, ${['r', 'p', ...rows.columns.map(({ cell }, at) => `${cell} AS c${at}`)].join(', ')} FROM ${rows.relation})`,
    columns: rows.columns.map(({ duckType, sourceName }) => ({ sourceName, duckType })),
    rows: exploded?.rows ?? raw.rows,
    problems: shapeProblems(request.settings),
    records: raw,
    exploded,
  };
  return { raw: shaped, paths: rows.columns.map(({ path }) => path), evidence: work.evidence };
}

/** What can be wrong with a record that is to be shaped. */
export function shapeProblems({ explode }: Pick<TransformSettings, 'explode'>): readonly RowProblemCode[] {
  const { on_empty, path } = explode === undefined ? { on_empty: 'keep', path: '' } : explodeSettings(explode);
  const keyTwice = { code: rowProblems.keyTwice, column: null, reason: 'an object in the row has a key twice' };
  const notList = 'is not a list, so its elements cannot be rows';
  return [
    { code: rowProblems.notList, column: path, reason: notList, filters: false },
    ...(on_empty === 'filter'
      ? [{ code: rowProblems.noElement, column: path, reason: 'has no element', filters: true }]
      : []),
    { ...keyTwice, filters: false },
  ];
}
