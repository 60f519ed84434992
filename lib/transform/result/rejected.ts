import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { cleanNames } from '../column-name.ts';
import { ownText } from '../infer/own-type.ts';
import { placeOf, type RawRows } from '../read/raw-rows.ts';
import { openScratchWriter } from '../read/scratch-writer.ts';

/**
 * Appends rejected rows to a file as lines of `RejectedRow`, in the order of the source. Values stand as the source had
 * them; a second column of the same name goes by its cleaned name.
 *
 * @param rejected  a relation with `o`, `column_name`, `reason` and `other`, the ordinal of a row the reason speaks of
 * @returns         how many rows were written
 */
export async function writeRejected(
  session: DuckDbSession,
  raw: RawRows,
  rejected: string,
  path: string,
): Promise<number> {
  const names = raw.columns.map((column) => column.sourceName);
  const cleaned = cleanNames(names, names);
  const fields = raw.columns.map(({ sourceName, duckType }, i) => {
    const name = names.indexOf(sourceName) === i ? sourceName : (cleaned[i] ?? sourceName);
    return `${quoteText(`${i === 0 ? '' : ','}${JSON.stringify(name)}:`)}, coalesce(${jsonOf(raw, i, duckType)}, 'null')`;
  });
  const result = await session.connection.stream(
    `SELECT o, column_name, reason, other, concat('{', ${[...fields, "'}'"].join(', ')}) AS row
     FROM ${rejected} JOIN ${raw.relation} USING (o) ORDER BY o`,
  );
  const writer = await openScratchWriter(path, 'a');
  let rows = 0;
  try {
    for await (const chunk of result.yieldRowsJs()) {
      for (const [o, column, reason, other, row] of chunk) {
        const { source, line } = placeOf(raw.parts, Number(o));
        const spoken = other === null ? String(reason) : `${String(reason)} ${placeOf(raw.parts, Number(other)).line}`;
        const head = JSON.stringify({ source, row_number: line, column_name: column, reason: spoken });
        // The row is put in as text: parsed again, its numbers would lose digits.
        await writer.write(Buffer.from(`${head.slice(0, -1)},"row":${String(row)}}\n`));
        rows += 1;
      }
    }
  } finally {
    await writer.close();
  }
  return rows;
}

function jsonOf(raw: RawRows, index: number, duckType: string): string {
  const cell = `c${index}`;
  if (raw.kind === 'json') {
    return cell;
  }
  return raw.kind === 'text' ? `to_json(${cell})::VARCHAR` : `to_json(${ownText(cell, duckType)})::VARCHAR`;
}
