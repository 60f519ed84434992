import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteName, quoteText } from '../duckdb/quote.ts';
import type { Column } from '../manifest.ts';
import type { ChunkRelation } from '../transform-result.ts';
import {
  type BatchRange,
  cutChunk,
  groupCuts,
  place,
  placed,
  type RowSize,
  rangeOfId,
  sizeOf,
  widestNarrow,
} from './cut-chunk.ts';
import { type Arrays, joinArrays, readArrays, selectArrays } from './rendering.ts';

/** Rows that are rendered in one statement, about, where they are wide; it takes ten times their memory. */
const groupBytes = 16 * 1024 * 1024;

/**
 * The batches of a chunk in their order, cut by rows and bytes and rendered inside DuckDB as arrays; as many at a time as
 * memory allows, which for rows of ordinary width is the whole chunk.
 *
 * @param sized  the columns by whose sizes it is cut: where the cut has to be the same each time, all of the chunk,
 *   whichever of them the table takes today
 */
export async function* renderArrays(
  session: DuckDbSession,
  chunk: ChunkRelation,
  columns: readonly Column[],
  batchRows: number,
  sized: readonly Column[] = columns,
): AsyncGenerator<Iterable<BatchRange & Arrays>> {
  const narrow = await renderNarrow(session, chunk, columns, batchRows, sizeOf(sized));
  if (narrow !== undefined) {
    yield narrow;
    return;
  }
  const cuts = await cutChunk(session, chunk, batchRows, sizeOf(sized));
  for (const { cuts: group, which, within } of groupCuts(chunk, cuts, groupBytes)) {
    const rows = await session.rows(`
      SELECT ${which} AS cut, count(*)::INTEGER AS rows, ${selectArrays(columns)}
        FROM ${chunk.relation} WHERE ${within} GROUP BY 1 ORDER BY 1`);
    yield rows.map((row) => {
      const { from = 0, id = '' } = group[Number(row.cut)] ?? {};
      const count = Number(row.rows);
      return { chunk: chunk.number, id, from, to: from + count, rows: count, ...readArrays(row, columns) };
    });
  }
}

/**
 * All batches of a chunk at once, each a range of ids, without sorting the rows or looking for where to cut, which costs
 * as much as reading the chunk. Undefined where a range has too many rows, or one so wide that a batch of such rows would
 * pass its limit of bytes.
 */
async function renderNarrow(
  session: DuckDbSession,
  chunk: ChunkRelation,
  columns: readonly Column[],
  batchRows: number,
  { fixed, texts }: RowSize,
): Promise<Iterable<BatchRange & Arrays> | undefined> {
  const widest = widestNarrow(chunk, batchRows, { fixed });
  if (widest === undefined) return undefined;
  const ranges = new Map<number, { rows: number; readonly parts: Arrays[] }>();
  for (const piece of chunk.pieces) {
    // The wide rows are left out before anything is rendered, and then some are missing.
    const rows = await session.rows(`
      SELECT ${rangeOfId(chunk, batchRows)} AS range, count(*)::INTEGER AS rows, ${selectArrays(columns)}
        FROM ${piece} WHERE ${texts} <= ${widest} GROUP BY 1`);
    for (const row of rows) {
      const range = ranges.get(Number(row.range)) ?? { rows: 0, parts: [] };
      range.rows += Number(row.rows);
      range.parts.push(readArrays(row, columns));
      ranges.set(Number(row.range), range);
    }
  }
  const inOrder = [...ranges].toSorted(([one], [other]) => one - other).map(([, range]) => range);
  const rows = inOrder.reduce((sum, range) => sum + range.rows, 0);
  const fits = rows === chunk.rows && inOrder.every((range) => range.rows <= batchRows);
  return fits ? joined(chunk, inOrder) : undefined;
}

/** Each batch is put together when it is asked for, and nothing is kept of it: a chunk takes the memory of its pieces. */
function* joined(
  chunk: ChunkRelation,
  inOrder: { readonly rows: number; readonly parts: readonly Arrays[] }[],
): Generator<BatchRange & Arrays> {
  let from = 0;
  let number = 0;
  for (let next = inOrder.shift(); next !== undefined; next = inOrder.shift()) {
    const { parts, rows } = next;
    yield { chunk: chunk.number, id: String(number), from, to: from + rows, rows, ...joinArrays(parts) };
    from += rows;
    number += 1;
  }
}

/** One range of a chunk as a batch of arrays; for a batch that was refused, and its halves. */
export async function renderRange(
  session: DuckDbSession,
  chunk: ChunkRelation,
  columns: readonly Column[],
  { from, id, to }: Pick<BatchRange, 'id' | 'from' | 'to'>,
): Promise<BatchRange & Arrays> {
  const [row] = await session.rows(`
    SELECT count(*)::INTEGER AS rows, ${selectArrays(columns)}
      FROM ${placed(chunk)} WHERE ${place} >= ${from} AND ${place} < ${to}`);
  const rows = Number(row?.rows);
  if (row === undefined || rows === 0) throw new RangeError(`Chunk ${chunk.number} has no rows ${from} to ${to}.`);
  return { chunk: chunk.number, id, from, to: from + rows, rows, ...readArrays(row, columns) };
}

/** A value longer than this is shortened in the JSON of a row that was refused. */
const maxShownCharacters = 10_000;

/** Rows of a batch as JSON objects, for rows that the database refused; very long values are shortened, and say so. */
export async function renderRowsJson(
  session: DuckDbSession,
  chunk: ChunkRelation,
  columns: readonly Column[],
  range: Pick<BatchRange, 'from' | 'to'>,
  withoutIds: readonly string[] = [],
): Promise<readonly { readonly row: number; readonly json: string }[]> {
  const fields = columns.map((column) => {
    const text = `CAST(${quoteName(column.name)} AS VARCHAR)`;
    const shortened = `left(${text}, ${maxShownCharacters}) || '… (' || strlen(${text}) || ' bytes)'`;
    return `${quoteText(column.name)}, CASE WHEN strlen(${text}) > ${maxShownCharacters} THEN ${shortened} ELSE ${text} END`;
  });
  const others =
    withoutIds.length === 0
      ? ''
      : `AND CAST(${quoteName(chunk.idColumn)} AS VARCHAR) NOT IN (${withoutIds.map(quoteText).join(', ')})`;
  const rows = await session.rows(`
    SELECT ${place} AS n, CAST(json_object(${fields.join(', ')}) AS VARCHAR) AS json
      FROM ${placed(chunk)} WHERE ${place} >= ${range.from} AND ${place} < ${range.to} ${others}
     ORDER BY ${place}`);
  return rows.map((row) => ({ row: Number(row.n), json: String(row.json) }));
}
