/** Items of the load map at most: an execution's history holds 25,000 events, and an item makes about twelve. */
const maxGroups = 400;

/** Chunks dealt into ranges, each one item of the load map: one chunk each, more where there are many. */
export function chunkGroups(chunks: number): readonly { readonly from: number; readonly to: number }[] {
  const size = Math.max(1, Math.ceil(chunks / maxGroups));
  return Array.from({ length: Math.ceil(chunks / size) }, (_, index) => ({
    from: index * size,
    to: Math.min(chunks, (index + 1) * size),
  }));
}
