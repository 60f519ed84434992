import { z } from 'zod';
import { paginationSchema } from '../../config/source-pagination.ts';

/** How the pages of a source without `pagination` go on, as far as is known. Part of a position. */
export const recognisedPagesSchema = z.strictObject({
  /** Ways that have not been refuted; the first one is tried, or holds. */
  candidates: z
    .array(
      z.strictObject({
        pagination: paginationSchema,
        cursor: z.string().optional(),
        echo: z.strictObject({ path: z.string(), expected: z.number() }).optional(),
      }),
    )
    .min(1),
  /** The second page was another one. */
  confirmed: z.boolean(),
  /** What is to be said if none of them holds: how the first page says that there is more. */
  unread: z.string(),
  /** What tells the first page from others: digests of its first rows, or of its body. */
  seen: z.array(z.string()),
});

export type RecognisedPages = z.infer<typeof recognisedPagesSchema>;
