import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseTableName } from '../dsql/identifier.ts';
import { runStatement } from '../dsql/target.ts';
import { assertUnchanged } from '../extract/file/fingerprint.ts';
import { withSourceObjects } from '../extract/file/source-objects.ts';
import { storedChunks } from '../load/chunk-session.ts';
import { LedgerMismatchError } from '../load/errors.ts';
import { describeTable } from '../load/target-table.ts';
import type { RawManifest } from '../manifest.ts';
import { readLedger } from '../state/ledger.ts';
import type { TargetColumn, TransformRequest } from '../transform/request.ts';
import { transformToChunks, transformToWorkingFile, type WriteResult } from '../transform/transform.ts';
import type { TransformResult } from '../transform-result.ts';
import { findPlan, keepPlan } from './kept-plan.ts';
import { readLookups } from './read-lookups.ts';
import type { Run } from './run.ts';
import { memoryLimit, type RunContext } from './run-context.ts';
import { prefixOf } from './store-keys.ts';

/**
 * Cleans what extract left, for a load on this machine; or takes what an interrupted attempt of this run had decided.
 *
 * @param look  for a look at the source without a load
 * @throws {LedgerMismatchError} terminal: an earlier attempt has loaded batches, and what it had decided is not kept
 */
export async function planStage(
  context: RunContext,
  run: Run,
  raw: RawManifest,
  look: Pick<TransformRequest, 'explain' | 'firstRows' | 'onRefusal'> = {},
): Promise<TransformResult> {
  const request = { ...(await transformRequest(context, run, raw)), ...look };
  try {
    const result = (await planInPieces(context, request)) ?? (await transformToWorkingFile(request));
    return { ...result, plan: { ...result.plan, not_modified: raw.not_modified } };
  } finally {
    await rm(sourceFolder(context, run), { recursive: true, force: true });
  }
}

/** Where the objects of a source lie while the run decides about their rows. */
export function sourceFolder({ scratchDir }: RunContext, run: Pick<Run, 'run_id'>): string {
  return path.join(scratchDir, `source-${run.run_id}`);
}

/** The result of a transform in pieces; undefined where the source is cleaned in one go. */
async function planInPieces(
  { inPieces, store }: RunContext,
  request: TransformRequest,
): Promise<TransformResult | undefined> {
  const plan = await inPieces?.(request);
  return plan === undefined ? undefined : { plan, chunks: storedChunks(store, plan) };
}

/**
 * Cleans what extract left, into chunks in the store, which other machines load; or goes on with it, or finds it done.
 *
 * @param pause  as for `transformToChunks`
 * @throws {LedgerMismatchError} as `planStage`
 */
export async function transformStage(
  context: RunContext,
  run: Run,
  raw: RawManifest,
  pause: (checkpointBytes: number) => AbortSignal,
): Promise<WriteResult> {
  const done = await findPlan(context, run);
  if (done !== undefined) return { status: 'complete', manifest: done };
  const written = await transformToChunks(await transformRequest(context, run, raw), pause);
  if (written.status !== 'complete') return written;
  return { ...written, manifest: await keepPlan(context, run, raw, written.manifest) };
}

/** What a transform is asked for, with the columns that the target has now. */
export async function transformRequest(context: RunContext, run: Run, raw: RawManifest): Promise<TransformRequest> {
  return { ...(await requestBesideTarget(context, run, raw)), targetColumns: await columnsOfTarget(context) };
}

/** The same without the columns of the target, for a step of which another one has read them. */
export async function requestBesideTarget(
  context: RunContext,
  run: Run,
  raw: RawManifest,
): Promise<Omit<TransformRequest, 'targetColumns'>> {
  const { pipeline, s3, scratchDir } = context;
  const { clock, signal } = context.target.retry;
  await mkdir(scratchDir, { recursive: true, mode: 0o700 });
  return {
    raw,
    settings: { ...pipeline.settings, name: pipeline.name },
    store: withSourceObjects(context.store, raw.parts, { s3, clock, signal, folder: sourceFolder(context, run) }),
    prefix: prefixOf(run),
    scratchDir,
    maskKeys: await maskKeysOf(context),
    readLookups: () => readLookups(context, run),
    chunkRows: context.chunkRows,
    memoryLimitMb: memoryLimit(context),
    beforeCleaning: async () => {
      if (run.resumed) await requireEmptyLedger(context, run);
    },
    // A file read by reference must still be the one that was fingerprinted.
    checkParts: async () => {
      for (const part of raw.parts) {
        if (part.local) await assertUnchanged({ ...part, shown: part.source });
      }
    },
    signal,
    onProgress: ({ rows }) => context.onProgress?.({ stage: 'transform', rows }),
  };
}

/** Keys of mask rules, by the rule's place from 1. @throws {SecretNotFoundError} when one cannot be read */
async function maskKeysOf({ pipeline, resolveSecret }: RunContext): Promise<ReadonlyMap<number, string>> {
  const keys = new Map<number, string>();
  for (const [index, rule] of pipeline.settings.business_rules.entries()) {
    if (rule.type === 'mask' && rule.key !== undefined) keys.set(index + 1, await resolveSecret(rule.key));
  }
  return keys;
}

/** Decided anew, the rows of a run could be cut into other batches than those in its ledger. */
async function requireEmptyLedger(context: RunContext, run: Run): Promise<void> {
  const ledger = await runStatement('Reading the ledger', context.target, () =>
    readLedger(context.target.sql, run.run_id),
  );
  if (ledger.length > 0) throw new LedgerMismatchError(run.run_id, 'what was decided about its rows is not kept');
}

async function columnsOfTarget(context: RunContext): Promise<readonly TargetColumn[] | undefined> {
  const { pipeline, target } = context;
  const table = await runStatement('Reading the catalog', context.target, () =>
    describeTable(target.sql, parseTableName(pipeline.settings.target_table)),
  );
  return table?.columns.map(({ hasDefault, name, nullable, type }) => {
    return { name, type, nullable, hasDefault, isId: name === table.idColumn };
  });
}
