import { join } from 'node:path';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import type { ClosestType, Manifest, RuleCount } from '../../manifest.ts';
import { closestTypes } from '../infer/closest-type.ts';
import type { LocalPart } from '../read/local-part.ts';
import type { RawRows } from '../read/raw-rows.ts';
import { placeOfRow } from '../read/row-place.ts';
import { openUnreadableRows, type UnreadableRows } from '../read/unreadable-rows.ts';
import type { LookupInput, TransformRequest } from '../request.ts';
import { checkCounts } from '../result/check-counts.ts';
import { rowsPerChunk } from '../result/chunk-rows.ts';
import { cutChunks } from '../result/chunks.ts';
import { writeRejected } from '../result/rejected.ts';
import { countRejectedLines, Rejections } from '../result/rejections.ts';
import { cleanRelation, type WorkingFile, workingRelation } from '../result/working-file.ts';
import { alive, elementless, repeated } from '../row-state.ts';
import { numberStyle } from './column-plan.ts';
import { describeDrift } from './drift.ts';
import { type Duplicates, findDuplicates, findRepeats, writeDropped } from './duplicate-states.ts';
import type { FinalColumn } from './final-columns.ts';
import { keptColumns } from './kept-columns.ts';
import { makeLookupTables } from './lookup-tables.ts';
import { type CleanedSource, cleanInOnePass } from './one-pass.ts';
import { failOnMisfits, failOnRules } from './refusals.ts';
import { countRules } from './rule-counts.ts';
import { targetColumns, withoutUndecided, workingColumn } from './target-columns.ts';
import { cleanInTwoPasses } from './two-pass.ts';

/**
 * Decides what becomes of every row of the parts. In this order things have their effect: read; exact duplicates; types
 * that hold all rows; rows that lack a required value or do not fit a declared type; blanks; business rules; keys that
 * occur twice; ids. Rejected rows are in the store when it resolves; chunks are cut and not yet written.
 *
 * @throws {RowsUnaccountedError} terminal: the counts do not add up
 */
export async function cleanSource(
  request: TransformRequest,
  session: DuckDbSession,
  parts: readonly LocalPart[],
  scratch: string,
  lookups: readonly LookupInput[],
): Promise<WorkingFile> {
  const { prefix, settings } = request;
  const workingPath = join(scratch, 'work.parquet');
  const rejections = new Rejections();
  const unreadable = await openUnreadableRows(join(scratch, 'rejected.ndjson'), rejections);
  const context = { session, scratchDir: scratch, unreadable, signal: request.signal };
  const clean = async (): Promise<CleanedSource> => {
    const { cleaned, scan } = await cleanInOnePass(request, parts, context, workingPath);
    if (cleaned !== undefined) return cleaned;
    const tables = await makeLookupTables(session, request, lookups, scratch);
    return await cleanInTwoPasses(request, parts, { ...context, scanned: scan }, workingPath, tables);
  };
  const source = await clean().finally(unreadable.close);
  const drift = await describeDrift(request, source, async ({ id }) => {
    const [found] = await session.rows(
      `SELECT count(${id}) AS n, min(o) FILTER (WHERE ${id} IS NOT NULL) AS o FROM ${workingRelation(workingPath)}`,
    );
    const rows = Number(found?.n);
    return { rows, first: rows === 0 ? undefined : await placeOfRow(session, source.raw, Number(found?.o)) };
  });
  const names = source.raw.columns.map((column) => column.sourceName);
  const target = targetColumns(request, { columns: source.columns, names }, await explained(request, session, source));
  const { columns, keys, kept, latestBy, named } = target;

  const duplicates = await findDuplicates(request, session, {
    written: workingRelation(workingPath),
    count: source.raw.rows,
    repeats: settings.deduplicate ? await findRepeats(session, source) : undefined,
    keys,
    latestBy,
  });
  const reasons = source.reasons.all();
  failOnMisfits(request, reasons, duplicates.inState);
  await failOnRules(request, reasons, duplicates.inState, async (state) => {
    const [first] = await session.rows(`SELECT min(o) AS o FROM ${duplicates.rows} WHERE s = ${state}`);
    return await placeOfRow(session, source.raw, Number(first?.o));
  });
  request.onProgress?.({ stage: 'clean', rows: duplicates.inState(alive) });
  const droppedPath = await writeDropped(session, duplicates, scratch);
  const relation = cleanRelation({ droppedPath, workingPath });
  const chunkRows = request.chunkRows ?? (await rowsPerChunk(session, [workingPath], ['h']));
  const chunks = await cutChunks(session, relation, chunkRows, prefix);
  const rules = countRules(settings.business_rules, reasons, duplicates.inState);
  const rejected = await rejectRows(request, session, {
    source,
    keys,
    duplicates,
    unreadable,
    rejections,
    rules,
    scratch,
  });
  const counts = {
    rows_read: source.raw.rows + unreadable.rows() + rejected.before,
    rows_filtered: filteredRows(rules, duplicates),
    rows_deduplicated: duplicates.inState(repeated) + (duplicates.lastWins ? duplicates.supersededRows : 0),
    rows_rejected: rejected.files.reduce((sum, file) => sum + file.rows, 0),
    rows_clean: chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
  };
  checkCounts(counts);
  return {
    columns,
    chunks,
    rejected: rejected.files,
    counts,
    ...withoutUndecided(named, source.columns),
    rejections: rejections.list(),
    rules,
    exploded: explodedOf(source.raw),
    warnings: [...(source.raw.warnings ?? []), ...drift],
    working: kept.map(workingColumn),
    keys: keys.map(workingColumn),
    group_rows: source.groupRows,
    workingPath,
    droppedPath,
  };
}

/** Brings the rejected rows into the store. @returns their files, and how many rows extract had rejected before */
async function rejectRows(
  request: TransformRequest,
  session: DuckDbSession,
  args: {
    readonly source: CleanedSource;
    readonly keys: readonly FinalColumn[];
    readonly duplicates: Duplicates;
    readonly unreadable: UnreadableRows;
    readonly rejections: Rejections;
    readonly rules: readonly RuleCount[];
    readonly scratch: string;
  },
): Promise<{ readonly files: Manifest['rejected']; readonly before: number }> {
  const { duplicates, keys, source, unreadable } = args;
  const kept = duplicates.inState(alive) + duplicates.inState(repeated) + filteredRows(args.rules, duplicates);
  const sameKey =
    duplicates.superseded === undefined || duplicates.lastWins
      ? undefined
      : { table: duplicates.superseded, columns: keys.map((key) => key.name).join(', ') };
  const rows =
    kept === source.raw.rows && sameKey === undefined
      ? 0
      : await writeRejected(session, {
          raw: source.raw,
          columns: keptColumns(request, source.raw),
          rows: duplicates.rows,
          reasons: source.reasons.all(),
          sameKey,
          scratch: args.scratch,
          path: unreadable.path,
          rejections: args.rejections,
        });
  const files = [...request.raw.rejected];
  const before = files.reduce((sum, file) => sum + file.rows, 0);
  for (const { location } of files) await countRejectedLines(await request.store.localPath(location), args.rejections);
  const here = unreadable.rows() + rows;
  if (here > 0) {
    const location = `${request.prefix}/rejected/part-00000.ndjson`;
    await request.store.putFile(location, unreadable.path);
    files.push({ location, rows: here });
  }
  return { files, before };
}

function explodedOf({ exploded, records }: RawRows): Manifest['exploded'] {
  if (exploded === undefined || records === undefined) return undefined;
  const { empty, on_empty, path, rows } = exploded;
  return { path, records: records.rows, rows, empty, on_empty };
}

function filteredRows(rules: readonly RuleCount[], { inState }: Duplicates): number {
  return rules.reduce((sum, rule) => sum + rule.rows_filtered, inState(elementless));
}

/** Why text columns are no narrower type, by column of the raw rows; nothing where it is not asked for. */
async function explained(
  request: TransformRequest,
  session: DuckDbSession,
  { columns, raw }: CleanedSource,
): Promise<ReadonlyMap<number, ClosestType>> {
  if (request.explain !== true) return new Map();
  const texts = columns.flatMap(({ index, type, undecided }) =>
    index === undefined || undecided || type.kind !== 'text' ? [] : [index],
  );
  return await closestTypes(session, raw, texts, numberStyle(request));
}
