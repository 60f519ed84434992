import { mkdir } from 'node:fs/promises';
import { z } from 'zod';
import { parseTableName } from '../dsql/identifier.ts';
import { runStatement } from '../dsql/retry.ts';
import { assertUnchanged } from '../extract/file/fingerprint.ts';
import { LedgerMismatchError } from '../load/errors.ts';
import { describeTable } from '../load/target-table.ts';
import { type CleanManifest, cleanManifestSchema, type RawManifest } from '../manifest.ts';
import { beginTransform, type Transformation } from '../transform/transform.ts';
import { prefixOf, type Run, type RunContext, retryOf } from './request.ts';

/**
 * What must be the same when an interrupted run cleans its source again, for the ledger names batches by chunk and place:
 * the columns of the target as the first attempt found them, and the rows of each chunk.
 */
const cutSchema = z.strictObject({
  target_columns: z.array(z.strictObject({ name: z.string(), type: z.string(), nullable: z.boolean() })).nullable(),
  firsts: z.array(z.int()),
  rows_clean: z.int(),
});

type Cut = z.infer<typeof cutSchema>;

/**
 * Cleans what extract left, or goes on with what an interrupted attempt of this run had decided, or takes what it had
 * finished. Resolves when every row is decided; the chunks follow one by one, so that the load need not wait for the
 * last. Stop it in any case.
 *
 * @throws {LedgerMismatchError} terminal: an interrupted attempt had cut the same source differently
 */
export async function transformStage(context: RunContext, run: Run, raw: RawManifest): Promise<Transformation> {
  const { pipeline, scratchDir, store } = context;
  const key = `${prefixOf(run)}/clean/manifest.json`;
  const done = await readJson(context, key, cleanManifestSchema);
  if (done !== undefined) return finishedBefore(done);
  const earlier = await readJson(context, cutKey(run), cutSchema);
  const targetColumns = earlier === undefined ? await columnsOfTarget(context) : earlier.target_columns;
  await mkdir(scratchDir, { recursive: true });
  const transformation = await beginTransform({
    raw,
    settings: { ...pipeline.settings, name: pipeline.name },
    store,
    prefix: prefixOf(run),
    scratchDir,
    ...(targetColumns === null ? {} : { targetColumns }),
    chunkRows: context.chunkRows,
    memoryLimitMb: context.transformMemoryMb,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
    onProgress: ({ rows }) => context.onProgress?.({ stage: 'transform', rows }),
  });
  try {
    // A file read by reference must still be the one that was fingerprinted.
    for (const part of raw.parts) {
      if (part.local) await assertUnchanged({ ...part, shown: part.source });
    }
    const cut: Cut = {
      target_columns: targetColumns === null ? null : [...targetColumns],
      firsts: [...transformation.cut],
      rows_clean: transformation.plan.counts.rows_clean,
    };
    if (earlier === undefined) await store.put(cutKey(run), JSON.stringify(cut));
    else if (JSON.stringify(cut) !== JSON.stringify(earlier)) {
      throw new LedgerMismatchError(run.run_id, 'its source is cut into other chunks than when it was interrupted');
    }
  } catch (error) {
    await transformation.stop();
    throw error;
  }
  const finished = transformation.finished.then(async (clean) => {
    await store.put(key, JSON.stringify(clean));
    return clean;
  });
  finished.catch(() => undefined);
  return { ...transformation, finished };
}

function cutKey(run: Run): string {
  return `${prefixOf(run)}/clean/cut.json`;
}

async function columnsOfTarget(context: RunContext): Promise<Cut['target_columns']> {
  const { pipeline, sql } = context;
  const table = await runStatement('Reading the catalog', context.where, retryOf(context), () =>
    describeTable(sql, parseTableName(pipeline.settings.target_table)),
  );
  return table?.columns.map(({ name, nullable, type }) => ({ name, type, nullable })) ?? null;
}

async function readJson<T>({ store }: RunContext, key: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const bytes = await store.get(key);
  return bytes === undefined ? undefined : schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

function finishedBefore(manifest: CleanManifest): Transformation {
  return {
    plan: manifest,
    cut: [],
    written: async () => undefined,
    finished: Promise.resolve(manifest),
    pause: async () => 'finished',
    bytesToKeep: 0,
    stop: async () => undefined,
  };
}
