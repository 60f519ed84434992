import type { RawPart } from '../../manifest.ts';

/** A part whose bytes are on the local disk. */
export interface LocalPart extends RawPart {
  readonly path: string;
}
