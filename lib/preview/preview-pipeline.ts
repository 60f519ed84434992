import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { runStatement } from '../dsql/target.ts';
import { EtlError, type TerminalError } from '../errors.ts';
import { checkFit, definedTable, tableStatements, writtenColumns } from '../load/define-table.ts';
import { checkReplaceable } from '../load/identity.ts';
import { indexStatements } from '../load/indexes.ts';
import { loadModes } from '../load/load-modes.ts';
import type { TargetTable } from '../load/target-table.ts';
import type { Plan } from '../manifest.ts';
import { requireWithinBudget } from '../run/budget.ts';
import { checkRejected } from '../run/check-rejected.ts';
import { readSource } from '../run/extract-stage.ts';
import { type LookBack, lookBack } from '../run/look-back.ts';
import type { Run } from '../run/run.ts';
import type { RunContext } from '../run/run-context.ts';
import { checkReplacement, presentTable } from '../run/stages.ts';
import { tableDemand } from '../run/table-demand.ts';
import { planStage } from '../run/transform-stage.ts';
import { stampColumns, stampName } from '../service-columns.ts';
import { areServiceTablesReady } from '../state/service-tables.ts';
import { readWatermark } from '../state/watermark.ts';
import type { TransformResult } from '../transform-result.ts';
import { plannedWrites } from './planned-writes.ts';
import type { Outcome, PlannedWrites, Preview, PreviewColumn } from './preview.ts';
import { rejectedRows, sampleRows } from './shown-rows.ts';

/** What is asked of a preview. */
export interface PreviewDemand {
  /** Rows of the source to look at, at most; all when left out. */
  readonly rows?: number | undefined;
  /** As for a run. */
  readonly again?: boolean | undefined;
  readonly force?: boolean | undefined;
  /** Called with the clean rows while they are there. */
  readonly onPlanned?: ((result: TransformResult) => Promise<void>) | undefined;
}

/** Clean and rejected rows that are shown. */
const shownRows = 10;
/** Bytes of a text that are read for each row that is asked for, and at the least. */
const bytesPerRow = 64 * 1024;
const leastBytes = 16 * 1024 * 1024;

/**
 * Computes what a run of a pipeline would do now: reads the source and transforms its rows as a run does, and compares
 * them with the table. The target is only read: no table is made, no lease taken, no state moved.
 *
 * @param context  with a store and a scratch folder of its own, whose content the caller removes
 * @throws what a run fails with before its rows are known: the source's errors, bad rules, columns that are not there
 */
export async function previewPipeline(context: RunContext, demand: PreviewDemand): Promise<Preview> {
  const { rows } = demand;
  const { target } = context;
  await mkdir(context.scratchDir, { recursive: true, mode: 0o700 });
  const ready = await areServiceTablesReady(target);
  const earlier = ready ? await lookBack(context, { again: demand.again === true }) : undefined;
  const limited = limitedTo(context, rows);
  const run = unstartedRun(target.retry.clock.now(), demand.force === true);
  const refusals: TerminalError[] = [];
  const look = { firstRows: rows, explain: true, onRefusal: (error: TerminalError) => void refusals.push(error) };
  const raw = await readAll(limited, run, rows, ready);
  // What a run fails with comes first, also where looking on meets something else.
  const result = await planStage(limited, run, raw, look).catch((error: unknown) => {
    throw refusals[0] ?? error;
  });
  await demand.onPlanned?.(result);
  const { chunks, plan } = result;
  const table = await presentTable(context);
  const wanted = tableDemand(context, plan);
  const problem = failureOf(refusals[0]) ?? (await problemOf(context, run, result, table, rows === undefined));
  const outcome = outcomeOf(problem, earlier);
  const loads = outcome.status === 'load';
  const defined = definedTable(table, wanted);
  const statements =
    loads && plan.counts.rows_clean > 0
      ? [...tableStatements(table, wanted), ...(await missingIndexes(context, result))]
      : [];
  const session = { pipelineName: context.pipeline.name, scratchDir: context.scratchDir, target };
  const writes = loads
    ? await writesOf(context, result, table, defined, {
        complete: rows === undefined,
        repeated: earlier?.adds === true && earlier.comparable && earlier.same.length > 0,
      })
    : undefined;
  return {
    pipeline_name: context.pipeline.name,
    target_table: context.pipeline.settings.target_table,
    load_mode: context.pipeline.settings.load_mode,
    rows_limit: rows ?? null,
    outcome: refusedOutcome(context, plan, writes) ?? outcome,
    columns: columnsOf(result, table, defined),
    counts: plan.counts,
    exploded: plan.exploded,
    rules: plan.rules ?? [],
    rejections: plan.rejections ?? [],
    rejected_rows: await rejectedRows(context.store, plan, shownRows),
    sample: await sampleRows(session, { chunks, plan }, shownRows),
    ddl: statements.map(({ text }) => text),
    writes: writes === undefined ? undefined : withEarlier(writes, earlier),
    recognised: raw.recognised ?? [],
    warnings: [...(raw.warnings ?? []), ...(plan.warnings ?? [])],
  };
}

/** A run that no log knows. */
function unstartedRun(now: Date, force: boolean): Run {
  const start_time = now.toISOString();
  return { run_id: randomUUID(), trigger: 'cli', start_time, resumed: false, repeated: false, epoch: 0, force };
}

/** An API is asked for no more rows than that. */
function limitedTo(context: RunContext, rows: number | undefined): RunContext {
  const { pipeline } = context;
  const { settings } = pipeline;
  if (rows === undefined || settings.source_type !== 'api') return context;
  const most = Math.min(rows, settings.max_rows ?? rows);
  return { ...context, pipeline: { ...pipeline, settings: { ...settings, max_rows: most } } };
}

async function readAll(context: RunContext, run: Run, rows: number | undefined, ready: boolean) {
  const { pipeline, target } = context;
  const table = await presentTable(context);
  const watermark =
    ready && table !== undefined
      ? await runStatement('Reading the watermark', target, () => readWatermark(target.sql, pipeline.name, table.id))
      : undefined;
  const headBytes = rows === undefined ? undefined : Math.max(leastBytes, rows * bytesPerRow);
  let raw = await readSource(context, run, { watermark, headBytes });
  while (!raw.complete) raw = await readSource(context, run, { watermark, headBytes });
  return raw;
}

/** What a run would refuse, in the order in which it looks; undefined where it would load. */
async function problemOf(
  context: RunContext,
  run: Run,
  result: TransformResult,
  table: TargetTable | undefined,
  complete: boolean,
): Promise<Outcome | undefined> {
  const { settings } = context.pipeline;
  const demand = tableDemand(context, result.plan);
  const { deletesMissing } = loadModes[settings.load_mode];
  try {
    checkRejected(settings, result.plan);
    if (complete) await requireWithinBudget(context, result);
    if (deletesMissing && table !== undefined && complete) await checkReplacement(context, run, result, table);
    if (result.plan.counts.rows_clean > 0) {
      tableStatements(table, demand);
      checkFit(definedTable(table, demand), demand);
    }
    if (deletesMissing && table !== undefined) checkReplaceable(table, demand.keyColumns);
    return undefined;
  } catch (error) {
    if (!(error instanceof EtlError)) throw error;
    return failureOf(error);
  }
}

/** What a run fails with when the database has refused rows besides those that were rejected before. */
function refusedOutcome({ pipeline }: RunContext, plan: Plan, writes: PlannedWrites | undefined): Outcome | undefined {
  if ((writes?.rows_rejected ?? 0) === 0) return undefined;
  const rows_rejected = plan.counts.rows_rejected + (writes?.rows_rejected ?? 0);
  try {
    checkRejected(pipeline.settings, { ...plan, counts: { ...plan.counts, rows_rejected } });
    return undefined;
  } catch (error) {
    if (error instanceof EtlError) return failureOf(error);
    throw error;
  }
}

function failureOf(error: EtlError | undefined): Outcome | undefined {
  return error === undefined ? undefined : { status: 'fail', code: error.code, message: error.message };
}

function outcomeOf(problem: Outcome | undefined, earlier: LookBack | undefined): Outcome {
  if (earlier?.skip !== undefined) return { status: 'skip', ...earlier.skip };
  return problem ?? { status: 'load' };
}

async function missingIndexes(context: RunContext, { plan }: TransformResult) {
  const { target } = context;
  const { name } = tableDemand(context, plan);
  return await runStatement('Reading the catalog', target, () => indexStatements(target.sql, name, plan.indexes));
}

async function writesOf(
  context: RunContext,
  { chunks, plan }: TransformResult,
  present: TargetTable | undefined,
  defined: TargetTable,
  known: { readonly complete: boolean; readonly repeated: boolean },
): Promise<PlannedWrites> {
  const demand = tableDemand(context, plan);
  return await plannedWrites({
    target: context.target,
    pipelineName: context.pipeline.name,
    scratchDir: context.scratchDir,
    plan,
    reader: chunks,
    loadMode: demand.loadMode,
    keyColumns: demand.keyColumns,
    latestBy: demand.latestBy,
    batchRows: context.pipeline.settings.batch_rows,
    present,
    defined,
    ...known,
  });
}

/** What earlier runs have left is finished or taken back first, which the comparison does not know of. */
function withEarlier(writes: PlannedWrites, earlier: LookBack | undefined): PlannedWrites {
  const begun = earlier?.unfinished.filter((run) => run.batches > 0) ?? [];
  const runs = begun.map((run) => `${run.run_id} (${run.batches} batches)`).join(', ');
  const repeated =
    earlier?.adds === true && !earlier.comparable ? earlier.same.map((run) => run.run_id).join(', ') : '';
  return {
    ...writes,
    unknown: [
      ...writes.unknown,
      ...(runs === '' ? [] : [`A run finishes or takes back first what interrupted runs have loaded: ${runs}.`]),
      ...(repeated === '' ? [] : [`A run takes back first what runs have loaded of the same content: ${repeated}.`]),
    ],
  };
}

function columnsOf(
  { plan }: TransformResult,
  table: TargetTable | undefined,
  defined: TargetTable,
): readonly PreviewColumn[] {
  const present = new Set(table?.columns.map((column) => column.name));
  const written = new Set(writtenColumns(defined, plan.columns).map((column) => column.name));
  const named = plan.columns.map((column): PreviewColumn => {
    const state = present.has(column.name) ? 'present' : written.has(column.name) ? 'new' : 'left_out';
    return { ...column, state };
  });
  const known = new Set([
    ...plan.columns.map(({ name }) => name),
    ...stampColumns.map((one) => stampName(one, present)),
  ]);
  const gone = (table?.ours === true ? table.columns : [])
    .filter(({ name }) => !known.has(name))
    .map(({ name, type }): PreviewColumn => ({ name, type, state: 'gone' }));
  return [...named, ...gone];
}
