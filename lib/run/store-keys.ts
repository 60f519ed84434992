import { manifestKey } from '../extract/raw-objects.ts';
import { cutVersion } from '../manifest.ts';
import type { Run } from './run.ts';

/** Where a run keeps its parts, chunks and manifests in the store. */
export function prefixOf(run: Pick<Run, 'run_id'>): string {
  return `runs/${run.run_id}`;
}

/** The manifest of what a run's extract has left. */
export function rawKey(run: Pick<Run, 'run_id'>): string {
  return manifestKey(prefixOf(run));
}

/** The manifest of a run's chunk files, of this release; another release's is not seen. */
export function planKey(run: Pick<Run, 'run_id'>): string {
  return `${prefixOf(run)}/clean/manifest-${cutVersion}.json`;
}

/** The objects that landed in S3 and that a run reads. */
export function objectsKey(run: Pick<Run, 'run_id'>): string {
  return `${prefixOf(run)}/objects.json`;
}

/** Why a child execution of the state machine failed, by the name of its parent. */
export function mapFailureKey(run: Pick<Run, 'run_id'>, execution: string): string {
  return `${prefixOf(run)}/failures/${execution}.json`;
}

/** Where Step Functions writes what the children of a distributed map have given, by the map's label. */
export function mapResultsPrefix(run: Pick<Run, 'run_id'>, label: string): string {
  return `${prefixOf(run)}/results/${label}`;
}

/** Tells beside a run's files which target it loads into, where one store serves several. */
export const runOwnerName = 'owner.json';
