import type { RawPart } from '../../manifest.ts';
import type { LineEnd } from './csv-record.ts';

/** A part whose bytes are on the local disk. */
export interface LocalPart extends RawPart {
  readonly path: string;
  /** Which piece of the part it is, where it is not the whole. */
  readonly slice?: PartSlice | undefined;
}

/** A piece of a part, of which the file holds the bytes, or a file of its row groups. */
export interface PartSlice {
  /** Lines of the part, or rows of Parquet, before it. */
  readonly before: number;
  /** It begins with the part. */
  readonly begins: boolean;
  /** Of CSV: a record that begins at this byte of the file, or behind it, is of the next piece. */
  readonly until?: number | undefined;
  /** Of CSV: the part does not end with the file. */
  readonly more?: boolean | undefined;
  /** Of CSV: how the part's first line ends. */
  readonly lineEnd?: LineEnd | undefined;
}
