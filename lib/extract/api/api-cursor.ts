import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ApiSettings } from '../../config/pipeline.ts';
import { parentMarkSchema, rawPartSchema, validatorSchema } from '../../manifest.ts';
import { progressSchema } from '../incremental/progress.ts';
import { digestOf } from '../stored-cursor.ts';
import { firstPosition, pagePositionSchema } from './page-position.ts';

/** How far an extraction has come: what is durable, and the page that comes next. */
export const apiCursorSchema = z.strictObject({
  version: z.literal(1),
  /** Digest of the settings the pages were asked for with. */
  settings: z.string(),
  extracted_at: z.string(),
  /** Null when there is no further page. Of the parents while they are being listed, then of one parent's rows. */
  position: pagePositionSchema.nullable(),
  /** Where one request is made for each row of another endpoint. */
  parents: z
    .strictObject({
      /** Lines of fields, one a parent. */
      locations: z.array(z.string()),
      listed: z.boolean(),
      /** Which level is being listed, from 0 for the outermost; absent where there is one. */
      level: z.int().min(0).optional(),
      /** The level above it, and how many of it are done. */
      outer: z.strictObject({ locations: z.array(z.string()), done: z.int().min(0) }).optional(),
      count: z.int().min(0),
      /** How many parents are done. */
      done: z.int().min(0),
      /** How far the rows of each parent that is done have been read. */
      marks: z.record(z.string(), parentMarkSchema).optional(),
    })
    .optional(),
  progress: progressSchema,
  parts: z.array(rawPartSchema),
  rejected: z.array(z.strictObject({ location: z.string(), rows: z.int().min(0) })),
  rows: z.int().min(0),
  pages: z.int().min(0),
  bytes_read: z.int().min(0),
  requests: z.int().min(0),
  /** Digest over the digests of all pages so far, so it does not depend on where parts were cut. */
  content: z.string(),
  warnings: z.array(z.string()),
  /** Of the only response, when it has been read. */
  validator: validatorSchema.optional(),
  not_modified: z.literal(true).optional(),
  /** How pages go on of which the configuration says nothing; sentences. */
  recognised: z.array(z.string()).optional(),
});

export type ApiCursor = z.infer<typeof apiCursorSchema>;

/** What decides which requests are made and what they mean; the rest of a pipeline may change during a run. */
export function settingsDigest(settings: ApiSettings, more: unknown): string {
  const {
    endpoint,
    method,
    params,
    body,
    record_name_column,
    records_path,
    pagination,
    max_pages,
    max_rows,
    incremental,
    parent,
  } = settings;
  const deciding = [endpoint, method, params, body, records_path, pagination, max_pages, max_rows, incremental, parent];
  const { async, columnar, csv, encoding, for_each, format, header, include, map_key } = settings;
  const body_format = settings.body_format === 'json' ? undefined : settings.body_format;
  const array_format = settings.array_format === 'repeated' ? undefined : settings.array_format;
  // Settings of later releases count where they are set, so that a run of an earlier one goes on.
  const answers = { body_format, array_format, format, encoding, csv };
  const fields = Object.keys(include).length === 0 ? undefined : include;
  const later = { async, for_each, columnar, header, map_key, include: fields, ...answers };
  const others = [...(record_name_column === undefined ? [] : [record_name_column]), ...setOnly(later)];
  return digestOf([deciding, more, ...others]);
}

function setOnly(settings: Readonly<Record<string, unknown>>): readonly unknown[] {
  const set = Object.entries(settings).filter(([, value]) => value !== undefined);
  return set.length === 0 ? [] : [Object.fromEntries(set)];
}

export function startCursor(settings: string, extractedAt: Date, levels: number): ApiCursor {
  return {
    version: 1,
    settings,
    extracted_at: extractedAt.toISOString(),
    position: firstPosition,
    ...(levels === 0
      ? {}
      : { parents: { locations: [], listed: false, count: 0, done: 0, ...(levels === 1 ? {} : { level: 0 }) } }),
    progress: { held: [], already_loaded: 0 },
    parts: [],
    rejected: [],
    rows: 0,
    pages: 0,
    bytes_read: 0,
    requests: 0,
    content: createHash('sha256').digest('hex'),
    warnings: [],
  };
}
