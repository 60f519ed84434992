import type { z } from 'zod';
import { type AddIssue, issueAdder } from './add-issue.ts';
import type { apiSourceShape } from './api.ts';

type Api = z.infer<z.ZodObject<typeof apiSourceShape>> & { readonly load_mode: string };

/** Settings of an API source that are right each by itself and do not fit together. */
export function checkApiSource(source: Api, context: z.core.$RefinementCtx): void {
  const add = issueAdder(context);
  checkPagination(source, add);
  checkParent(source, add);
  checkIncremental(source, add);
  if (source.body !== undefined && source.method !== 'POST') add(['body'], 'needs method: POST');
}

function checkPagination({ pagination, method, parent }: Api, add: AddIssue): void {
  for (const [path, pages] of [
    [['pagination'], pagination],
    [['parent', 'pagination'], parent?.pagination],
  ] as const) {
    if (pages === undefined) continue;
    if (pages.type === 'cursor' && (pages.cursor_path === undefined) === (pages.cursor_header === undefined)) {
      add(path, 'needs one of cursor_path and cursor_header, e.g. cursor_path: $.next_cursor');
    }
    if ('in' in pages && pages.in === 'body' && (method !== 'POST' || path.length > 1)) {
      add([...path, 'in'], 'the body is sent with method: POST only; use in: query');
    }
    if (pages.type === 'page_number' && (pages.size_param === undefined) !== (pages.page_size === undefined)) {
      add(path, 'needs size_param and page_size together, e.g. size_param: per_page with page_size: 100');
    }
    if (
      (pages.type === 'page_number' || pages.type === 'offset') &&
      !pages.stop_on_empty_page &&
      pages.has_more_path === undefined &&
      pages.total_path === undefined &&
      pages.total_header === undefined &&
      !('total_pages_path' in pages && pages.total_pages_path !== undefined)
    ) {
      add(path, 'would never end: give has_more_path or total_path, or leave stop_on_empty_page at true');
    }
  }
}

const placeholder = /\{parent\.([^{}]+)\}/;

function checkParent(source: Api, add: AddIssue): void {
  const texts = [source.endpoint, JSON.stringify(source.params), JSON.stringify(source.body ?? {})];
  const used = texts.some((text) => placeholder.test(text));
  if (source.parent === undefined && used) {
    add(['endpoint'], '{parent.…} needs a parent, e.g. parent: {endpoint: users}');
  }
  if (source.parent !== undefined && !used) {
    add(['parent'], 'is not used: put e.g. {parent.id} into endpoint, params or body');
  }
}

function checkIncremental(source: Api, add: AddIssue): void {
  const { incremental, method } = source;
  if (incremental === undefined) return;
  if (incremental.in === 'body' && method !== 'POST') {
    add(['incremental', 'in'], 'the body is sent with method: POST only; use in: query');
  }
  for (const key of ['max_pages', 'max_rows'] as const) {
    if (source[key] !== undefined) {
      add([key], 'would leave rows out that the watermark then passes over; remove it, or incremental');
    }
  }
  if (incremental.lag > 0 && source.load_mode === 'insert') {
    add(['incremental', 'lag'], 'reads rows again, so it needs load_mode: upsert with key_columns');
  }
  if (incremental.start_bound === 'exclusive' && incremental.cursor_type === 'text') {
    add(
      ['incremental', 'start_bound'],
      'exclusive bounds would lose rows that share the newest text; use cursor_type number or timestamp, or an inclusive bound',
    );
  }
  if (incremental.lag > 0 && incremental.cursor_type === 'text') {
    add(['incremental', 'lag'], 'cannot be subtracted from a text; use cursor_type number or timestamp');
  }
}
