import type { Manifest } from '../manifest.ts';
import type { TransformRequest } from '../transform/request.ts';
import { piecesOf } from './pieces.ts';

/** Cleans a source in pieces where it is larger than its configuration has done in one go; undefined where it is not. */
export async function transformInPieces(request: TransformRequest): Promise<Manifest | undefined> {
  const sizes = piecesOf(request);
  if (sizes === undefined) return undefined;
  const { transformScattered } = await import('./transform-scattered.ts');
  return await transformScattered(request, sizes);
}
