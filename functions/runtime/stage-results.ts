import { runStatement } from '../../lib/dsql/target.ts';
import { readManifest } from '../../lib/extract/raw-objects.ts';
import type { RunObjects } from '../../lib/extract/request.ts';
import type { LoadResult } from '../../lib/load/load.ts';
import type { Manifest, RawManifest } from '../../lib/manifest.ts';
import { findObjects } from '../../lib/run/kept-objects.ts';
import { findPlan } from '../../lib/run/kept-plan.ts';
import type { Run } from '../../lib/run/run.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import { objectsKey, planKey, prefixOf, rawKey } from '../../lib/run/store-keys.ts';
import { readLedgerTotals } from '../../lib/state/ledger.ts';
import { ManifestMissingError } from './errors.ts';

/** What earlier stages have left in the store and the target; the events of the functions hold references only. */

type StagedContext = Pick<RunContext, 'store' | 'target'>;

/** @throws {ManifestMissingError} when extract has not ended, or the run's files are gone */
export async function requireRaw({ store }: StagedContext, run: Pick<Run, 'run_id'>): Promise<RawManifest> {
  const raw = await readManifest(store, prefixOf(run));
  if (raw === undefined) throw new ManifestMissingError(rawKey(run));
  return raw;
}

/**
 * The objects that a run reads; undefined where it reads the configured files.
 *
 * @throws {ManifestMissingError} when the list of them is gone
 */
export async function requireObjects(
  { store }: Pick<StagedContext, 'store'>,
  run: Pick<Run, 'run_id' | 'objects'>,
): Promise<RunObjects | undefined> {
  const objects = await findObjects({ store }, run);
  if (run.objects !== undefined && objects === undefined) throw new ManifestMissingError(objectsKey(run));
  return objects;
}

/** @throws {ManifestMissingError} when transform has not ended, or the run's files are gone */
export async function requireManifest(context: StagedContext, run: Pick<Run, 'run_id'>): Promise<Manifest> {
  const manifest = await findPlan(context, run);
  if (manifest === undefined) throw new ManifestMissingError(planKey(run));
  return manifest;
}

/** What the ledger says has been loaded, by all functions of the run together. */
export async function loadedRows({ target }: StagedContext, run: Pick<Run, 'run_id'>): Promise<LoadResult> {
  const totals = await runStatement('Reading the ledger', target, () => readLedgerTotals(target.sql, run.run_id));
  const { rows_deleted: _, ...loaded } = totals;
  return loaded;
}
