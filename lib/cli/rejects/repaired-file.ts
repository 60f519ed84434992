import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { withoutMembers } from '../../json-members.ts';
import type { RepairedRows } from '../../run/replay.ts';
import type { ReplayRow } from '../../run/replay-file.ts';
import { csvRows } from '../../transform/read/text-rows.ts';
import { RepairedFileError } from '../exit-status.ts';

/** Columns that an export of rejected rows has besides the rows' own. */
export const exportColumns = ['etl_rejected_id', 'etl_reason', 'etl_column', 'etl_source', 'etl_row_number'] as const;
const idColumn = exportColumns[0];
const added: ReadonlySet<string> = new Set(exportColumns);

const idSchema = z.guid();
const objectSchema = z.record(z.string(), z.unknown());

/**
 * Opens a file of repaired rows: an export of rejected rows in which somebody has put the values right.
 *
 * @param tempDir  for DuckDB; must exist
 * @throws {RepairedFileError} when it is neither .csv nor .ndjson, or a row does not say which rejected row it was
 */
export async function openRepaired(file: string, tempDir: string): Promise<RepairedRows> {
  const named = path.resolve(file);
  await stat(named).catch((error: unknown) => {
    throw new RepairedFileError(file, `it cannot be read (${messageOf(error)})`);
  });
  if (/\.(ndjson|jsonl)$/i.test(named)) return { format: 'ndjson', columns: [], rows: () => jsonRows(file, named) };
  if (!/\.csv$/i.test(named)) throw new RepairedFileError(file, 'its name ends neither in .csv nor in .ndjson');
  const delimiter = await delimiterOf(file, named);
  const names: string[] = [];
  for await (const row of csvRows(named, tempDir, delimiter, 0)) names.push(...row.map((name) => name ?? ''));
  return {
    format: 'csv',
    columns: names.filter((name) => !added.has(name)),
    rows: async function* () {
      let line = 1;
      for await (const row of csvRows(named, tempDir, delimiter, 1)) {
        line += 1;
        const fields = Object.fromEntries(names.map((name, index) => [name, row[index] ?? null]));
        yield rowOf(file, line, fields);
      }
    },
  };
}

/** Of a spreadsheet's export it may be another one than ours; it stands beside the name of the id's column. */
async function delimiterOf(file: string, named: string): Promise<string> {
  const handle = await open(named);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(65_536), 0, 65_536, 0);
    const [header = ''] = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/);
    const found = new RegExp(`"?${idColumn}"?([,;\t])|([,;\t])"?${idColumn}"?`).exec(header);
    if (found === null) throw new RepairedFileError(file, `its first line names no column ${idColumn}`);
    return found[1] ?? found[2] ?? ',';
  } finally {
    await handle.close();
  }
}

async function* jsonRows(file: string, named: string): AsyncGenerator<ReplayRow> {
  const lines = createInterface({ input: createReadStream(named), crlfDelay: Number.POSITIVE_INFINITY });
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const parsed = objectSchema.safeParse(parsedOf(file, line, text));
    if (!parsed.success) throw new RepairedFileError(file, `line ${line} is no JSON object`);
    yield { ...rowOf(file, line, parsed.data), json: withoutMembers(text, added) };
  }
}

function parsedOf(file: string, line: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RepairedFileError(file, `line ${line} is no JSON`);
  }
}

function rowOf(file: string, line: number, fields: Readonly<Record<string, unknown>>): ReplayRow {
  const id = idSchema.safeParse(fields[idColumn]);
  if (!id.success) {
    throw new RepairedFileError(file, `line ${line} does not say in ${idColumn} which rejected row it was`);
  }
  return { id: id.data, fields };
}
