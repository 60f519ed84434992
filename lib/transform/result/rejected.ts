import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import type { RejectedRow } from '../../manifest.ts';
import type { RejectReason } from '../clean/reject-reasons.ts';
import { cleanNames } from '../column-name.ts';
import { ownText } from '../infer/own-type.ts';
import { cellText } from '../read/json-line.ts';
import { placeOf, type RawRows } from '../read/raw-rows.ts';
import { openScratchWriter } from '../read/scratch-writer.ts';
import type { Rejections } from './rejections.ts';

/** A column of the raw rows that rejected rows are kept with. */
export interface KeptColumn {
  readonly index: number;
  /** SQL of what stands for a text of the column, where its values are hidden. */
  readonly hidden: ((text: string) => string) | undefined;
}

/**
 * Appends rejected rows to a file as lines of `RejectedRow`, in the order of the source. Values stand as the source had
 * them, unless they are hidden; a second column of the same name goes by its cleaned name.
 *
 * @param rows     a relation of the working file's rows, whose state is the code of a reason
 * @param sameKey  a table of rows that are rejected because another row has their key
 * @returns        how many rows were written
 */
export async function writeRejected(
  session: DuckDbSession,
  args: {
    readonly raw: RawRows;
    readonly columns: readonly KeptColumn[];
    readonly rows: string;
    readonly reasons: readonly RejectReason[];
    readonly sameKey: { readonly table: string; readonly columns: string } | undefined;
    readonly scratch: string;
    readonly path: string;
    readonly rejections: Rejections;
  },
): Promise<number> {
  const { raw, sameKey } = args;
  const reasonsPath = join(args.scratch, 'reasons.json');
  await writeFile(reasonsPath, JSON.stringify(args.reasons));
  const refused = `SELECT o, r."column" AS column_name, r.reason, NULL::BIGINT AS other FROM ${args.rows} JOIN
    read_json(${quoteText(reasonsPath)}, columns = {code: 'BIGINT', "column": 'VARCHAR', reason: 'VARCHAR'}, format = 'array') r ON s = r.code`;
  const repeated =
    sameKey === undefined
      ? ''
      : ` UNION ALL SELECT o, ${quoteText(sameKey.columns)} AS column_name, 'the same key as row' AS reason, kept AS other FROM ${sameKey.table}`;
  const ordinal = raw.exploded === undefined ? 'o' : 'r';
  const other = raw.exploded === undefined ? 'other' : 'other_r';
  const others =
    raw.exploded === undefined ? '' : `LEFT JOIN (SELECT o AS other, r AS other_r FROM ${raw.relation}) USING (other)`;
  const result = await session.connection.stream(
    `SELECT ${ordinal}, column_name, reason, ${other}, ${rowText(raw, args.columns)} AS row
     FROM (${refused}${repeated}) JOIN ${raw.relation} USING (o) ${others} ORDER BY o`,
  );
  const writer = await openScratchWriter(args.path, 'a');
  let rows = 0;
  try {
    for await (const chunk of result.yieldRowsJs()) {
      for (const [o, column, reason, other, row] of chunk) {
        const { source, line } = placeOf(raw.parts, Number(o));
        const spoken = other === null ? String(reason) : `${String(reason)} ${placeOf(raw.parts, Number(other)).line}`;
        const place = { source, row_number: line, column_name: column === null ? null : String(column) };
        args.rejections.add({ ...place, reason: String(reason) });
        await writer.write(rejectedLine({ ...place, reason: spoken }, String(row)));
        rows += 1;
      }
    }
  } finally {
    await writer.close();
  }
  return rows;
}

/** SQL of a raw row as JSON, of the columns that rejected rows are kept with. */
export function rowText(raw: Pick<RawRows, 'columns' | 'exploded' | 'kind'>, columns: readonly KeptColumn[]): string {
  const names = raw.columns.map((column) => column.sourceName);
  const cleaned = cleanNames(names, names);
  const fields = columns.map(({ hidden, index }, at) => {
    const { sourceName = '', duckType = '' } = raw.columns[index] ?? {};
    const name = names.indexOf(sourceName) === index ? sourceName : (cleaned[index] ?? sourceName);
    const own = hidden === undefined ? jsonOf(raw, index, duckType) : hiddenJson(raw, index, duckType, hidden);
    // Run again, the row is a list of this one element.
    const value =
      sourceName === raw.exploded?.path
        ? `CASE WHEN p = 0 THEN '[' || coalesce(${own}, 'null') || ']' ELSE ${own} END`
        : own;
    return `${quoteText(`${at === 0 ? '' : ','}${JSON.stringify(name)}:`)}, coalesce(${value}, 'null')`;
  });
  return `concat('{', ${[...fields, "'}'"].join(', ')})`;
}

/** A line of a file of `RejectedRow`. @param row  its JSON, put in as text: parsed again, its numbers would lose digits */
export function rejectedLine(place: Omit<RejectedRow, 'row'>, row: string): Buffer {
  return Buffer.from(`${JSON.stringify(place).slice(0, -1)},"row":${row}}\n`);
}

function jsonOf(raw: Pick<RawRows, 'kind'>, index: number, duckType: string): string {
  const cell = `c${index}`;
  if (raw.kind === 'json') {
    return cell;
  }
  return raw.kind === 'text' ? `to_json(${cell})::VARCHAR` : `to_json(${ownText(cell, duckType)})::VARCHAR`;
}

function hiddenJson(
  raw: Pick<RawRows, 'kind'>,
  index: number,
  duckType: string,
  hidden: (text: string) => string,
): string {
  const cell = `c${index}`;
  const text = raw.kind === 'json' ? cellText(cell) : raw.kind === 'text' ? cell : ownText(cell, duckType);
  return `to_json(${hidden(text)})::VARCHAR`;
}
