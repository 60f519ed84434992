import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { quoteName } from '../duckdb/quote.ts';
import { type SessionRequest, withSession } from '../load/chunk-session.ts';
import type { Plan } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import type { TransformResult } from '../transform-result.ts';
import type { Preview, ShownRejectedRow } from './preview.ts';

/** The first clean rows, as they would be loaded. */
export async function sampleRows(
  request: SessionRequest,
  { chunks, plan }: TransformResult,
  rows: number,
): Promise<Preview['sample']> {
  if (plan.counts.rows_clean === 0) return [];
  const columns = plan.columns.map(({ name }) => `CAST(${quoteName(name)} AS VARCHAR) AS ${quoteName(name)}`);
  return await withSession(request, chunks, async (session) => {
    const { relation } = await chunks.chunk(0);
    const found = await session.rows(`SELECT ${columns.join(', ')} FROM ${relation} LIMIT ${rows}`);
    return found.map((row) =>
      Object.fromEntries(plan.columns.map(({ name }) => [name, textOrNull(row[name])] as const)),
    );
  });
}

/** The first rejected rows, in the order of the source. */
export async function rejectedRows(
  store: Pick<ObjectStore, 'localPath'>,
  plan: Plan,
  rows: number,
): Promise<readonly ShownRejectedRow[]> {
  const found: ShownRejectedRow[] = [];
  for (const { location } of plan.rejected) {
    const stream = createReadStream(await store.localPath(location), 'utf8');
    try {
      for await (const line of createInterface({ input: stream })) {
        if (found.length >= rows) return found;
        found.push(shownRow(line));
      }
    } finally {
      stream.destroy();
    }
  }
  return found;
}

/** The row stands last in its line, behind what JSON.stringify has written; its text is taken as it is. */
function shownRow(line: string): ShownRejectedRow {
  const { row: _, ...place } = JSON.parse(line) as Omit<ShownRejectedRow, 'row'> & { readonly row: unknown };
  const head = JSON.stringify(place);
  return { ...place, row: line.slice(head.length + ',"row":'.length - 1, -1) };
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
