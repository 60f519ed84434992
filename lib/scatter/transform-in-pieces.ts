import type { Manifest } from '../manifest.ts';
import type { TransformRequest } from '../transform/request.ts';

const mb = 1024 * 1024;
/** Of the source. Less is done in one go, which took an eighth of the time for 132 MB and reads a large CSV once. */
const defaultAboveMb = 32_768;
const defaultPartMb = 128;
/** Slices of which the rows of one bucket are, about. */
const partsOfBucket = 4;

/** Cleans a source in pieces where it is larger than its configuration has done in one go; undefined where it is not. */
export async function transformInPieces(request: TransformRequest): Promise<Manifest | undefined> {
  const { pieces_above_mb: above = defaultAboveMb, piece_mb: part = defaultPartMb } = request.settings;
  const bytes = request.raw.parts.reduce((sum, one) => sum + one.bytes, 0);
  if (bytes <= above * mb || !canScatter(request)) return undefined;
  const partBytes = Math.max(1, Math.ceil(part * mb));
  const { transformScattered } = await import('./transform-scattered.ts');
  return await transformScattered(request, { partBytes, bucketBytes: partBytes * partsOfBucket });
}

/** Whether a source can be cleaned in pieces. What depends on nested values of all rows, and a mere look, go the other way. */
function canScatter({ explain, firstRows, raw, settings }: TransformRequest): boolean {
  const isWhole = firstRows === undefined && explain !== true;
  return isWhole && settings.explode === undefined && settings.flatten === undefined && raw.parts.length > 0;
}
