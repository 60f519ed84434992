import type { z } from 'zod';
import { type LoadMode, loadModeTraits } from '../load-mode.ts';
import { parentPlaceholder } from '../parent-placeholder.ts';
import { type AddIssue, issueAdder } from './add-issue.ts';
import type { apiSourceShape } from './api.ts';

type Api = z.infer<z.ZodObject<typeof apiSourceShape>> & { readonly load_mode: LoadMode };

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
    if ('in' in pages && pages.in === 'body' && (method !== 'POST' || path.length > 1)) {
      add([...path, 'in'], 'the body is sent with method: POST only; use in: query');
    }
  }
}

function checkParent(source: Api, add: AddIssue): void {
  const texts = [source.endpoint, JSON.stringify(source.params), JSON.stringify(source.body ?? {})];
  const used = texts.some((text) => text.search(parentPlaceholder) !== -1);
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
  if (incremental.lag > 0 && !loadModeTraits[source.load_mode].repeatsAreHarmless) {
    add(['incremental', 'lag'], 'reads rows again, so it needs load_mode: upsert with key_columns');
  }
  if (incremental.start_bound === 'exclusive' && incremental.cursor_type === 'text') {
    add(
      ['incremental', 'start_bound'],
      'exclusive bounds would lose rows that share the newest text; use cursor_type number or timestamp, or an inclusive bound',
    );
  }
  const { cursor_format: format, cursor_type: type, param_format } = incremental;
  if (format !== undefined && type !== undefined && type !== 'timestamp') {
    add(['incremental', 'cursor_format'], `says how times are written, but cursor_type is ${type}`);
  }
  if (param_format !== 'as_is' && type !== undefined && type !== 'timestamp') {
    add(
      ['incremental', 'param_format'],
      `writes times, but cursor_type is ${type}; set cursor_format, e.g. epoch_seconds, in place of cursor_type`,
    );
  }
  if (incremental.lag > 0 && incremental.cursor_type === 'text') {
    add(['incremental', 'lag'], 'cannot be subtracted from a text; use cursor_type number or timestamp');
  }
}
