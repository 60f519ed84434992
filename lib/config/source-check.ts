import type { z } from 'zod';
import type { apiSourceShape, fileSourceShape } from './source.ts';

type Api = z.infer<z.ZodObject<typeof apiSourceShape>> & { readonly load_mode: string };
type File = z.infer<z.ZodObject<typeof fileSourceShape>>;
type Add = (path: readonly PropertyKey[], message: string) => void;

/** Settings of an API source that are right each by itself and do not fit together. */
export function checkApiSource(source: Api, context: z.core.$RefinementCtx): void {
  const add = adderOf(context);
  checkPagination(source, add);
  checkParent(source, add);
  checkIncremental(source, add);
  if (source.body !== undefined && source.method !== 'POST') add(['body'], 'needs method: POST');
}

function checkPagination({ pagination, method, parent }: Api, add: Add): void {
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

function checkParent(source: Api, add: Add): void {
  const texts = [source.endpoint, JSON.stringify(source.params), JSON.stringify(source.body ?? {})];
  const used = texts.some((text) => placeholder.test(text));
  if (source.parent === undefined && used) {
    add(['endpoint'], '{parent.…} needs a parent, e.g. parent: {endpoint: users}');
  }
  if (source.parent !== undefined && !used) {
    add(['parent'], 'is not used: put e.g. {parent.id} into endpoint, params or body');
  }
}

function checkIncremental(source: Api, add: Add): void {
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

/** Settings of a file source that are right each by itself and do not fit together. */
export function checkFileSource(source: File, context: z.core.$RefinementCtx): void {
  const add = adderOf(context);
  const { csv, format } = source;
  if (csv !== undefined && format !== undefined && format !== 'csv' && format !== 'tsv') {
    add(['csv'], `says how to read csv and tsv files, but format is ${format}`);
  }
  if (source.records_path !== undefined && format !== undefined && format !== 'json') {
    add(['records_path'], `leads through json files, but format is ${format}`);
  }
  if (source.encoding !== undefined && format === 'parquet') add(['encoding'], 'does not apply to parquet files');
  if (csv === undefined) return;
  if (!csv.header && csv.names === undefined) {
    add(['csv', 'names'], 'are needed where header is false, e.g. names: [id, name]');
  }
  if (csv.header && csv.names !== undefined) {
    add(['csv', 'names'], 'are for files without a header: set header: false, or use rename to change names');
  }
  if (csv.names !== undefined && new Set(csv.names).size !== csv.names.length) {
    add(['csv', 'names'], 'must differ from each other');
  }
  if (csv.thousands_separator !== undefined && csv.thousands_separator === csv.decimal_separator) {
    add(['csv', 'thousands_separator'], 'must differ from decimal_separator');
  }
  const delimiter = csv.delimiter ?? (format === 'tsv' ? '\t' : ',');
  for (const key of ['quote', 'escape', 'comment'] as const) {
    if (csv[key] !== undefined && csv[key] === delimiter) add(['csv', key], 'must differ from the delimiter');
  }
  if (csv.comment !== undefined && csv.comment === csv.quote) add(['csv', 'comment'], 'must differ from the quote');
  for (const character of ['\n', '\r']) {
    if (delimiter === character) add(['csv', 'delimiter'], 'cannot be a line break');
  }
}

function adderOf(context: z.core.$RefinementCtx): Add {
  return (path, message) => context.addIssue({ code: 'custom', path: [...path], message });
}
