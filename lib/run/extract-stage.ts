import { traitsOf } from '../config/sources.ts';
import { parseTableName } from '../dsql/identifier.ts';
import { jsonNames, jsonRow } from '../dsql/json-rows.ts';
import { runStatement } from '../dsql/target.ts';
import { copyGiven, extract } from '../extract/extract.ts';
import type { ExtractRequest, FilesToCopy, SourceFingerprint } from '../extract/request.ts';
import { describeTable } from '../load/target-table.ts';
import type { RawManifest, Validator, Watermark } from '../manifest.ts';
import { fenced } from '../state/fence.ts';
import { logFingerprint } from '../state/run-log.ts';
import { readWatermark } from '../state/watermark.ts';
import { fenceOf, type Run } from './run.ts';
import type { RunContext } from './run-context.ts';
import { prefixOf } from './store-keys.ts';

function sentValidator({ validator }: Run): Validator | undefined {
  if (validator === undefined) return undefined;
  const { rows: _, since: __, ...sent } = validator;
  return sent;
}

/** How an extraction is done. */
type How = Pick<
  ExtractRequest,
  'copiers' | 'copyDeadline' | 'deadline' | 'fingerprint' | 'headBytes' | 'validator' | 'watermark'
>;

/** Reads the source into the store, until it is exhausted or the deadline comes; knows no target. */
export async function readSource(
  context: RunContext,
  run: Pick<Run, 'range' | 'run_id'>,
  how: How,
): Promise<RawManifest> {
  return await extract(requestOf(context, run, how));
}

function requestOf(context: RunContext, run: Pick<Run, 'range' | 'run_id'>, how: How): ExtractRequest {
  return {
    ...context,
    ...context.target.retry,
    ...how,
    prefix: prefixOf(run),
    queryTarget: (text) =>
      runStatement('Reading the values of for_each.query', context.target, async () => {
        const rows = await context.target.sql.begin((transaction) => transaction.values(text), { readOnly: true });
        const { columns = [] } = rows;
        const names = jsonNames(columns);
        return rows.map((row) => jsonRow(names, columns, row));
      }),
    range: run.range,
    onProgress: ({ bytes, rows }) => context.onProgress?.({ stage: 'extract', rows, bytes }),
  };
}

/** Until when a call works, and who copies files in its place. */
type Bounds = Pick<How, 'copiers' | 'copyDeadline' | 'deadline'>;

/** Copies files that the extraction of a run gave away; see `copyGiven`. */
export async function copyStage(
  context: RunContext,
  run: Run,
  batch: FilesToCopy,
  bounds: Omit<Bounds, 'copiers'>,
): Promise<number> {
  return await copyGiven(requestOf(context, run, bounds), batch);
}

/**
 * Reads the source until it is exhausted or the deadline comes; `complete` tells which.
 *
 * @param source  what `startRun` found of the files, so that they need not be hashed again
 */
export async function extractStage(
  context: RunContext,
  run: Run,
  bounds: Bounds = {},
  source?: SourceFingerprint,
): Promise<RawManifest> {
  const { settings } = context.pipeline;
  const watermark = traitsOf(settings).readsFromWatermark(settings) ? await watermarkOf(context) : undefined;
  const raw = await readSource(context, run, {
    ...bounds,
    watermark,
    fingerprint: source,
    validator: sentValidator(run),
  });
  // The run was logged with what was known of its source.
  if (raw.complete && raw.source_fingerprint !== source?.fingerprint) {
    await fenced('Writing the execution log', context.target, fenceOf(context, run), (transaction) =>
      logFingerprint(transaction, run.run_id, raw.source_fingerprint),
    );
  }
  return raw;
}

async function watermarkOf({ pipeline, target }: RunContext): Promise<Watermark | undefined> {
  return await runStatement('Reading the watermark', target, async () => {
    const table = await describeTable(target.sql, parseTableName(pipeline.settings.target_table));
    return table === undefined ? undefined : await readWatermark(target.sql, pipeline.name, table.id);
  });
}
