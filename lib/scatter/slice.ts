import { z } from 'zod';

/** A piece of a raw part: bytes of a text, rows of Parquet. */
const pieceSchema = z.strictObject({
  /** Of the raw manifest, from 0. */
  part: z.int().min(0),
  /** Of CSV only about: its first record is the first that begins there or behind it. */
  from: z.int().min(0),
  to: z.int().min(0),
  /** It is the part's first, and its last. */
  begins: z.boolean(),
  ends: z.boolean(),
});

/** What one survey or clean reads, as the entry of a slice has it. */
export const sliceSchema = z.strictObject({
  /** What one survey or clean reads: small parts together, or a piece of a large one. */
  pieces: z.array(pieceSchema),
  /** Of a piece of CSV: what the first lines of its part say. */
  head: z.strictObject({ names: z.array(z.string()), line_end: z.enum(['\n', '\r\n', '\r']) }).optional(),
  /** Of a piece of Parquet: the bytes of its row groups, and in base64 what a file of them alone has behind them. */
  parquet: z.strictObject({ from: z.int(), to: z.int(), end: z.string() }).optional(),
});

export type Piece = z.infer<typeof pieceSchema>;
/** What one survey or clean reads. */
export type Slice = z.infer<typeof sliceSchema>;
