import { z } from 'zod';
import { oneValuePathSchema } from './source-json-path.ts';

/** How an API deals its rows out in pages, and how it says that there are no more. */

const placeSchema = z
  .enum(['query', 'header', 'body'])
  .default('query')
  .describe('Where the parameters below are sent: the query, a header, or the JSON body (dots lead into objects).');

const totalShape = {
  total_path: oneValuePathSchema
    .optional()
    .describe(
      'JSONPath of the number of all rows, as a number or a text; pages that are counted end when it is reached, and others fail when they end before it.',
    ),
  total_header: z.string().min(1).optional().describe('Header with the number of all rows, e.g. "X-Total-Count".'),
};

const stopShape = {
  ...totalShape,
  has_more_path: oneValuePathSchema
    .optional()
    .describe('JSONPath of a flag in the response; false, 0, "false", null or its absence ends the pages.'),
  is_last_path: oneValuePathSchema
    .optional()
    .describe('JSONPath of a flag in the response that is true, 1 or "true" on the last page.'),
  stop_on_total: z
    .boolean()
    .optional()
    .describe(
      'Whether pages end when the total is reached. Default: where they are counted; others go on as long as something leads on.',
    ),
  stop_on_empty_page: z.boolean().default(true).describe('A page without rows is the last one.'),
  end_statuses: z
    .array(z.int().min(400).max(499))
    .default([])
    .describe('Statuses that say, of any page but the first, that there is no such page, e.g. [404].'),
};

const shortPageShape = {
  stop_on_short_page: z
    .boolean()
    .optional()
    .describe(
      'A page with fewer items than were asked for is the last one. Only where the API never cuts pages short.',
    ),
};

/** Pages that are counted need something that ends them. */
function checkEnds(
  pages: {
    readonly stop_on_empty_page: boolean;
    readonly has_more_path?: string | undefined;
    readonly total_path?: string | undefined;
    readonly total_header?: string | undefined;
    readonly is_last_path?: string | undefined;
    readonly stop_on_total?: boolean | undefined;
    readonly stop_on_short_page?: boolean | undefined;
  },
  context: z.core.$RefinementCtx,
): void {
  const { has_more_path, is_last_path, stop_on_empty_page, stop_on_short_page, stop_on_total } = pages;
  const total = pages.total_path ?? pages.total_header;
  if (stop_on_total === true && total === undefined) {
    context.addIssue({ code: 'custom', path: ['stop_on_total'], message: 'needs total_path or total_header' });
  }
  if (stop_on_empty_page || stop_on_short_page === true || (has_more_path ?? is_last_path) !== undefined) return;
  if (total !== undefined && stop_on_total !== false) return;
  const message = 'would never end: give has_more_path or total_path, or leave stop_on_empty_page at true';
  context.addIssue({ code: 'custom', message });
}

export const noPagesSchema = z
  .strictObject({ type: z.literal('none') })
  .describe('One request, one response; further pages are not read.');

export const pageNumberSchema = z
  .strictObject({
    type: z.literal('page_number'),
    in: placeSchema,
    page_param: z.string().min(1).default('page').describe('Parameter with the number of the page.'),
    first_page: z.int().min(0).default(1).describe('Number of the first page, 0 or 1.'),
    size_param: z.string().min(1).optional().describe('Parameter with the number of rows of a page.'),
    page_size: z.int().min(1).optional().describe('Rows of a page to ask for.'),
    ...shortPageShape,
    total_pages_path: oneValuePathSchema
      .optional()
      .describe('JSONPath of the number of all pages, as a number or a text.'),
    ...stopShape,
  })
  .superRefine((pages, context) => {
    if ((pages.size_param !== undefined) !== (pages.page_size !== undefined)) {
      const message = 'needs size_param and page_size together, e.g. size_param: per_page with page_size: 100';
      context.addIssue({ code: 'custom', message });
    }
    if (pages.stop_on_short_page === true && pages.page_size === undefined) {
      const message = 'needs size_param and page_size, which say how long a page is';
      context.addIssue({ code: 'custom', path: ['stop_on_short_page'], message });
    }
    if (pages.total_pages_path === undefined) checkEnds(pages, context);
  })
  .describe('?page=1, ?page=2, …');

export const offsetSchema = z
  .strictObject({
    type: z.literal('offset'),
    in: placeSchema,
    offset_param: z.string().min(1).default('offset').describe('Parameter with the number of rows to pass over.'),
    limit_param: z.string().min(1).default('limit').describe('Parameter with the number of rows of a page.'),
    limit: z.int().min(1).describe('Rows of a page to ask for.'),
    ...stopShape,
    ...shortPageShape,
  })
  .superRefine(checkEnds)
  .describe('?offset=0&limit=100, ?offset=100&limit=100, … The offset moves by the items received.');

export const cursorSchema = z
  .strictObject({
    type: z.literal('cursor'),
    in: placeSchema,
    cursor_param: z.string().min(1).default('cursor').describe('Parameter that takes the cursor.'),
    first_cursor: z
      .union([z.string(), z.number()])
      .optional()
      .describe('What the first request sends as its cursor, e.g. "*" or 0. Default: nothing.'),
    cursor_path: oneValuePathSchema.optional().describe('JSONPath of the next cursor in the response.'),
    cursor_header: z.string().min(1).optional().describe('Header of the response with the next cursor.'),
    stop_on_same_cursor: z
      .boolean()
      .optional()
      .describe('The cursor that a page was asked for with, in its response, says that it is the last one.'),
    ...stopShape,
    stop_on_empty_page: z
      .boolean()
      .default(false)
      .describe('A page without rows is the last one, though it has a cursor.'),
  })
  .superRefine((pages, context) => {
    if ((pages.cursor_path === undefined) !== (pages.cursor_header === undefined)) return;
    const message = 'needs one of cursor_path and cursor_header, e.g. cursor_path: $.next_cursor';
    context.addIssue({ code: 'custom', message });
  })
  .describe('Each response has the cursor of the next; none, null or an empty one ends the pages.');

export const linkHeaderSchema = z
  .strictObject({
    type: z.literal('link_header'),
    rel: z.string().min(1).default('next').describe('Relation of the link to follow.'),
    ...stopShape,
    stop_on_empty_page: z
      .boolean()
      .default(false)
      .describe('A page without rows is the last one, though it has a link.'),
  })
  .describe('The Link header of RFC 8288: <https://…>; rel="next".');

export const nextUrlSchema = z
  .strictObject({
    type: z.literal('next_url'),
    next_path: oneValuePathSchema.default('$.next').describe("JSONPath of the next page's URL, whole or relative."),
    ...stopShape,
    stop_on_empty_page: z
      .boolean()
      .default(false)
      .describe('A page without rows is the last one, though it has a URL.'),
  })
  .describe('Each response has the URL of the next page in its body.');

export const paginationSchema = z.discriminatedUnion('type', [
  noPagesSchema,
  pageNumberSchema,
  offsetSchema,
  cursorSchema,
  linkHeaderSchema,
  nextUrlSchema,
]);

export type PaginationSettings = z.infer<typeof paginationSchema>;
export type PaginationType = PaginationSettings['type'];
export type PaginationOf<T extends PaginationType> = Extract<PaginationSettings, { type: T }>;
