import { z } from 'zod';
import type { FileSettings } from '../../config/pipeline.ts';
import { rawPartSchema } from '../../manifest.ts';
import { digestOf } from '../stored-cursor.ts';

/** How far a source of several files has been read. */
export const fileCursorSchema = z.strictObject({
  version: z.literal(1),
  settings: z.string(),
  extracted_at: z.string(),
  fingerprint: z.string(),
  /** All files of the source as they were pinned at the start. */
  files: z.array(
    z.strictObject({
      shown: z.string(),
      location: z.string(),
      bytes: z.int().min(0),
      modified_ms: z.number().optional(),
      etag: z.string().optional(),
      version_id: z.string().optional(),
      sha256: z.string().optional(),
    }),
  ),
  /** How many of them are done. */
  done: z.int().min(0),
  /** How many have been looked at, and which of these have to be copied: their places among the files, from 0. */
  looked: z.int().min(0).optional(),
  copies: z.array(z.int().min(0)).optional(),
  /** Others copy them (`copyFiles`). */
  handed: z.boolean().optional(),
  parts: z.array(rawPartSchema),
  rejected: z.array(z.strictObject({ location: z.string(), rows: z.int().min(0) })),
  /** Rejected rows so far. */
  rejected_rows: z.int().min(0),
  /** Rows that extract itself has counted, so of JSON documents. */
  rows: z.int().min(0),
  bytes_read: z.int().min(0),
  warnings: z.array(z.string()),
});

export type FileCursor = z.infer<typeof fileCursorSchema>;

/** What decides which bytes are read and what they mean. */
export function fileSettingsDigest(settings: FileSettings): string {
  const { compression, csv, encoding, file_path, format, record_name_column, records_path } = settings;
  const deciding = [file_path, format, compression, encoding, csv, records_path];
  return digestOf(record_name_column === undefined ? deciding : [...deciding, record_name_column]);
}
