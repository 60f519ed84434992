import { join } from 'node:path';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { type ClosestType, type Column, defaultChunkRows, type Manifest, type RuleCount } from '../../manifest.ts';
import { RowsUnaccountedError, RuleFailedError, SourceDriftError } from '../errors.ts';
import { findColumn } from '../find-column.ts';
import { closestTypes } from '../infer/closest-type.ts';
import type { LocalPart } from '../read/local-part.ts';
import type { RawRows } from '../read/raw-rows.ts';
import { placeOfRow } from '../read/row-place.ts';
import { openUnreadableRows, type UnreadableRows } from '../read/unreadable-rows.ts';
import { type LookupInput, refuse, type TransformRequest } from '../request.ts';
import { cutChunks } from '../result/chunks.ts';
import { type KeptColumn, writeRejected } from '../result/rejected.ts';
import { countRejectedLines, Rejections } from '../result/rejections.ts';
import { cleanRelation, type WorkingColumn, type WorkingFile } from '../result/working-file.ts';
import { alive, elementless, repeated } from '../row-state.ts';
import { kindOf } from '../rules/rule-kinds.ts';
import { numberStyle } from './column-plan.ts';
import { columnDrift, describeDrift } from './drift.ts';
import { type Duplicates, findDuplicates, writeDropped } from './duplicate-states.ts';
import type { FinalColumn } from './final-columns.ts';
import { makeLookupTables } from './lookup-tables.ts';
import { type NamedColumns, resolveColumns } from './named-columns.ts';
import { type CleanedSource, cleanInOnePass } from './one-pass.ts';
import { countRules } from './rule-counts.ts';
import { type SourceColumns, sourceColumns } from './source-columns.ts';
import { cleanInTwoPasses } from './two-pass.ts';

/** Bytes of a chunk file, about, where its rows are wide; two are held in memory by the load. */
const chunkBytes = 64 * 1024 * 1024;

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
  const drift = await describeDrift(request, session, source, workingPath);
  const { added } = columnDrift(request, source.columns);
  const kept = source.columns.filter(
    (column) => !column.drop && (settings.on_new_column !== 'ignore' || !added.includes(column)),
  );
  const service = sourceColumns(
    request,
    source.raw.columns.map((column) => column.sourceName),
  );
  const columns = manifestColumns(kept, service, await explained(request, session, source));
  const named = resolveColumns(settings, kept, serviceColumnsOf(columns));
  const keys = columnsOf(source, named.key_columns);
  const [latestBy] = named.latest_by === undefined ? [] : columnsOf(source, [named.latest_by]);

  const duplicates = await findDuplicates(request, session, { source, keys, latestBy, workingPath });
  failOnMisfits(request, source, duplicates);
  await failOnRules(request, session, source, duplicates);
  request.onProgress?.({ stage: 'clean', rows: duplicates.inState(alive) });
  const droppedPath = await writeDropped(session, duplicates, scratch);
  const relation = cleanRelation({ droppedPath, workingPath });
  const chunkRows = request.chunkRows ?? (await rowsPerChunk(session, workingPath));
  const chunks = await cutChunks(session, relation, chunkRows, prefix);
  const rules = countRules(settings.business_rules, source.reasons.all(), duplicates.inState);
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

/** What rejected rows are kept with: the columns that are taken, without the values that rules hide. */
function keptColumns(request: TransformRequest, { columns }: RawRows): readonly KeptColumn[] {
  const taken = sourceColumns(
    request,
    columns.map(({ sourceName }) => sourceName),
  ).columns;
  const masks = request.settings.business_rules.flatMap((rule, at) => kindOf(rule).hides?.(rule, at + 1) ?? []);
  return taken.map((column) => {
    const own = masks.filter((mask) => findColumn(taken, mask.column) === column).map(({ hidden }) => hidden);
    const hidden = (text: string): string => own.reduce((sql, hide) => hide(sql), text);
    return { index: column.index, hidden: own.length === 0 ? undefined : hidden };
  });
}

/** @throws {SourceDriftError} where the configuration allows no value that does not fit */
function failOnMisfits(request: TransformRequest, { reasons }: CleanedSource, duplicates: Duplicates): void {
  const { settings } = request;
  if (settings.on_type_mismatch !== 'fail') return;
  const found = reasons.all().find(({ code, misfit }) => misfit && duplicates.inState(code) > 0);
  if (found === undefined) return;
  const rows = duplicates.inState(found.code);
  const drift = `in ${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'} ${found.column} ${found.reason}.`;
  refuse(request, new SourceDriftError({ pipeline: settings.name, setting: 'on_type_mismatch', drift }));
}

function explodedOf({ exploded, records }: RawRows): Manifest['exploded'] {
  if (exploded === undefined || records === undefined) return undefined;
  const { empty, on_empty, path, rows } = exploded;
  return { path, records: records.rows, rows, empty, on_empty };
}

/** @throws {RuleFailedError} where a row has what a rule with `on_failure: fail` does not allow */
async function failOnRules(
  request: TransformRequest,
  session: DuckDbSession,
  { raw, reasons }: CleanedSource,
  { inState, rows }: Duplicates,
): Promise<void> {
  const found = reasons.all().find(({ code, fails }) => fails && inState(code) > 0);
  if (found === undefined) return;
  const [first] = await session.rows(`SELECT min(o) AS o FROM ${rows} WHERE s = ${found.code}`);
  const place = await placeOfRow(session, raw, Number(first?.o));
  const failed = { ...found, ...place, pipeline: request.settings.name, rows: inState(found.code) };
  refuse(request, new RuleFailedError(failed));
}

function filteredRows(rules: readonly RuleCount[], { inState }: Duplicates): number {
  return rules.reduce((sum, rule) => sum + rule.rows_filtered, inState(elementless));
}

function checkCounts(counts: Manifest['counts']): void {
  const found = counts.rows_filtered + counts.rows_deduplicated + counts.rows_rejected + counts.rows_clean;
  if (found !== counts.rows_read) {
    throw new RowsUnaccountedError({ where: 'Adding up the rows', expected: counts.rows_read, found });
  }
}

/** An index of a column that the table does not have yet is left to the run that makes the column. */
function withoutUndecided(
  { indexes, key_columns, latest_by }: NamedColumns,
  columns: readonly FinalColumn[],
): NamedColumns {
  const undecided = new Set(columns.filter((column) => column.undecided).map((column) => column.name));
  return {
    key_columns,
    latest_by: latest_by !== undefined && undecided.has(latest_by) ? undefined : latest_by,
    indexes: indexes.filter((index) => !index.columns.some((name) => undecided.has(name))),
  };
}

/** The working columns of these names, without those that the service adds. */
function columnsOf({ columns }: CleanedSource, names: readonly string[]): readonly FinalColumn[] {
  return names.flatMap((name) => columns.find((column) => column.name === name) ?? []);
}

function workingColumn({ duckType, id, name }: FinalColumn): WorkingColumn {
  return { id, name, duckType };
}

/** As many rows as keep a chunk at about `chunkBytes`, so that rows of any width can be rendered in memory. */
async function rowsPerChunk(session: DuckDbSession, path: string): Promise<number> {
  const [size] = await session.rows(`
    SELECT coalesce(sum(total_uncompressed_size), 0) AS bytes FROM parquet_metadata(${quoteText(path)})
     WHERE path_in_schema <> 'h'`);
  const [count] = await session.rows(`SELECT num_rows AS n FROM parquet_file_metadata(${quoteText(path)})`);
  const perRow = Math.max(1, Number(size?.bytes ?? 0) / Math.max(1, Number(count?.n ?? 0)));
  return Math.max(1, Math.min(defaultChunkRows, Math.floor(chunkBytes / perRow)));
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

function manifestColumns(
  columns: readonly FinalColumn[],
  { extractedAt, id }: Pick<SourceColumns, 'extractedAt' | 'id'>,
  closest: ReadonlyMap<number, ClosestType>,
): Column[] {
  return [
    { name: id, type: 'uuid' },
    ...columns.map(({ index, name, sourceName, type, evidence, undecided }) => ({
      name,
      type: type.pg,
      ...(sourceName === undefined || sourceName === name ? {} : { source_name: sourceName }),
      evidence,
      ...(undecided ? { undecided } : {}),
      ...(index !== undefined && closest.has(index) ? { closest: closest.get(index) } : {}),
    })),
    { name: extractedAt, type: 'timestamptz' },
  ];
}

/** Names of the columns that the service adds: the first and the last one. */
function serviceColumnsOf(columns: readonly Column[]): readonly string[] {
  return [columns.at(0), columns.at(-1)].flatMap((column) => column?.name ?? []);
}
