import type { Config } from '../config/config.ts';

/** Which kind of map of the state machine loads a run's chunks. */
export type LoadMap = 'inline' | 'distributed';

/**
 * Items of the load map at most. An execution's history holds 25,000 events, and an item of an inline map makes about
 * twelve; a distributed map has them in histories of their own, and its list of items must fit into 256 KiB.
 */
const maxGroups: Readonly<Record<LoadMap, number>> = { inline: 400, distributed: 2_000 };

/** Runs that have read more bytes than `deploy.scatter_above_mb`, as they lay or unpacked, are loaded by a distributed map. */
export function loadMapOf(bytesRead: number, deploy: Pick<Config['deploy'], 'scatter_above_mb'>): LoadMap {
  return bytesRead > deploy.scatter_above_mb * 1024 * 1024 ? 'distributed' : 'inline';
}

/** Chunks dealt into ranges, each one item of the load map: one chunk each, more where there are many. */
export function chunkGroups(
  chunks: number,
  map: LoadMap = 'inline',
): readonly { readonly from: number; readonly to: number }[] {
  const size = Math.max(1, Math.ceil(chunks / maxGroups[map]));
  return Array.from({ length: Math.ceil(chunks / size) }, (_, index) => ({
    from: index * size,
    to: Math.min(chunks, (index + 1) * size),
  }));
}
