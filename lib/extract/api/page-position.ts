import { z } from 'zod';
import { sliceStateSchema } from '../incremental/slices.ts';
import { jobStateSchema } from './jobs/job-state.ts';
import { recognisedPagesSchema } from './recognised-pages.ts';

/** Where in a sequence of pages the next request stands. Small, and JSON, so that it can be kept as a cursor. */
export const pagePositionSchema = z.strictObject({
  /** 1 for the first page. */
  page: z.int().min(1),
  /** Rows of the pages before. */
  rows: z.int().min(0),
  /** Items of the pages before, by which APIs count; undefined in a cursor of a release that knew rows only. */
  items: z.int().min(0).optional(),
  /** JSON text of the API's cursor for this page, as it was sent. */
  cursor: z.string().optional(),
  /** URL of this page, where the API gave it. */
  url: z.string().optional(),
  /** Digests of the page before, and of the page at the last power of two: a ring of pages meets one of them. */
  last: z.string().optional(),
  checkpoint: z.string().optional(),
  last_content: z.string().optional(),
  checkpoint_content: z.string().optional(),
  /** What the API said its total was, on the page before. */
  total: z.number().optional(),
  /** The job whose result the pages are. */
  job: jobStateSchema.optional(),
  /** How the pages of a source without `pagination` go on. */
  recognised: recognisedPagesSchema.optional(),
  /** Which part of the source's time is being read. */
  slices: sliceStateSchema.optional(),
  /** What the first row of the pages before had: the names of the columns, as JSON. */
  header: z.string().optional(),
  /** No page so far had a list at the place of the rows. */
  listless: z.boolean().optional(),
  /** The largest total that a page before said anywhere, and where. */
  announced: z.strictObject({ place: z.string(), count: z.number() }).optional(),
});

export type PagePosition = z.infer<typeof pagePositionSchema>;

export const firstPosition: PagePosition = { page: 1, rows: 0, items: 0 };

/** Items of the pages before. */
export function itemsBefore({ items, rows }: PagePosition): number {
  return items ?? rows;
}
