import type { LocalPart } from '../read/local-part.ts';
import type { ReadContext } from '../read/read-context.ts';
import { readParts } from '../read/read-parts.ts';
import type { TransformRequest } from '../request.ts';
import type { LookupTable } from '../rules/lookup-table.ts';
import { shapeRows } from '../shape/shape-rows.ts';
import { withAbsentColumns } from './absent-columns.ts';
import { planColumns } from './column-plan.ts';
import type { CleanedSource } from './one-pass.ts';
import { writeWorkingRows } from './working-rows.ts';

/**
 * Cleans a source in two passes: reads the rows into a file of their own, asks all of them for the types of the columns,
 * and then writes the working file. Takes every source.
 */
export async function cleanInTwoPasses(
  request: TransformRequest,
  parts: readonly LocalPart[],
  context: ReadContext,
  workingPath: string,
  lookups: ReadonlyMap<number, LookupTable>,
): Promise<CleanedSource> {
  const read = await readParts(parts, context);
  const raw = withAbsentColumns(request, await shapeRows(request, context.session, read, context.scratchDir));
  request.onProgress?.({ stage: 'read', rows: raw.rows });
  const planned = await planColumns(context.session, raw, request);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const rowBytes = bytes / Math.max(1, raw.rows);
  const rows = { raw, planned, lookups, list: '* EXCLUDE (o)', rowBytes };
  return { ...(await writeWorkingRows(context.session, request, rows, workingPath)), raw, hashes: undefined };
}
