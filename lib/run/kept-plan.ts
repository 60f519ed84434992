import { type Manifest, manifestSchema, type RawManifest } from '../manifest.ts';
import type { Run } from './run.ts';
import type { RunContext } from './run-context.ts';
import { planKey } from './store-keys.ts';

/** What a run's transform has left in the store; undefined where it has not ended. */
export async function findPlan(
  { store }: Pick<RunContext, 'store'>,
  run: Pick<Run, 'run_id'>,
): Promise<Manifest | undefined> {
  const bytes = await store.get(planKey(run));
  return bytes === undefined ? undefined : manifestSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** Ends a run's transform: the stages after it go by this manifest. */
export async function keepPlan(
  { store }: Pick<RunContext, 'store'>,
  run: Pick<Run, 'run_id'>,
  raw: Pick<RawManifest, 'not_modified'>,
  written: Manifest,
): Promise<Manifest> {
  const manifest = { ...written, not_modified: raw.not_modified };
  await store.put(planKey(run), JSON.stringify(manifest));
  return manifest;
}
