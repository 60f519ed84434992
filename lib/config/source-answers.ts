import { z } from 'zod';
import { csvSettingsSchema, fileFormats } from './source-file.ts';
import type { AddIssue } from './sources/add-issue.ts';

/** How a body is sent, and what the bytes of a response are. */

/** One entry for each format of responses; `lib/extract/api/answers/formats.ts` reads them. */
export const answerFormats = {
  json: { takes: ['records'] },
  ndjson: { takes: ['records'] },
  csv: { takes: ['csv'] },
  tsv: { takes: ['csv'] },
  xml: { takes: ['records'] },
  parquet: { takes: [] },
} as const satisfies Readonly<Record<string, { readonly takes: readonly ('records' | 'csv')[] }>>;

export type AnswerFormat = keyof typeof answerFormats;

const formatNames = Object.keys(answerFormats) as [AnswerFormat, ...AnswerFormat[]];

/** Known to every JavaScript that this program runs on; that of the WHATWG. */
function isEncoding(name: string): boolean {
  try {
    new TextDecoder(name);
    return true;
  } catch {
    return false;
  }
}

export const answerShape = {
  body_format: z
    .enum(['json', 'form'])
    .default('json')
    .describe('How the body is sent: as JSON, or as a form (application/x-www-form-urlencoded).'),
  array_format: z
    .enum(['repeated', 'bracketed', 'indexed', 'commas'])
    .default('repeated')
    .describe('How a list in params, or in a form, is sent: a=1&a=2, a[]=1&a[]=2, a[0]=1&a[1]=2, or a=1,2.'),
  format: z
    .enum(formatNames)
    .optional()
    .describe('What responses are, whatever their Content-Type says. Default: by that, else JSON.'),
  encoding: z
    .string()
    .refine(isEncoding, 'must be the name of a charset, e.g. shift_jis or windows-1252')
    .optional()
    .describe('Charset of responses, whatever they say. Default: that of the Content-Type or the XML, else UTF-8.'),
  csv: csvSettingsSchema.optional(),
};

interface AnswerSettings {
  readonly method: 'GET' | 'POST';
  readonly body?: unknown;
  readonly pagination?: { readonly type: string } | undefined;
  readonly body_format: 'json' | 'form';
  readonly array_format: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly format?: AnswerFormat | undefined;
  readonly csv?: z.infer<typeof csvSettingsSchema> | undefined;
  readonly success_when?: string | readonly string[] | undefined;
  readonly error_when?: string | readonly string[] | undefined;
  readonly retry_when?: string | readonly string[] | undefined;
  readonly error_message_path?: string | undefined;
  readonly records_path?: string | undefined;
  readonly record_name_column?: string | undefined;
  readonly map_key?: string | undefined;
  readonly columnar?: true | undefined;
  readonly header?: unknown;
  readonly include: Readonly<Record<string, string>>;
  readonly encoding?: string | undefined;
  readonly incremental?: object | undefined;
  readonly parent?: object | undefined;
  readonly for_each?: unknown;
  readonly max_rows?: number | undefined;
}

/** Settings of bodies and responses that are right each by itself and do not fit together. */
export function checkAnswers(source: AnswerSettings, add: AddIssue): void {
  const { array_format, body, body_format, csv, format, method, params } = source;
  if (body_format === 'form' && method !== 'POST') add(['body_format'], 'needs method: POST, which has a body');
  const lists = [...Object.values(params), ...(body_format === 'form' ? Object.values(body ?? {}) : [])];
  if (array_format !== 'repeated' && !lists.some(Array.isArray)) {
    add(
      ['array_format'],
      `says how lists are sent, and there is none in params${body_format === 'form' ? ' or body' : ''}`,
    );
  }
  if (body_format === 'form') {
    for (const [name, value] of Object.entries(body ?? {})) {
      const inner = Array.isArray(value) ? value : [value];
      if (inner.some((one) => typeof one === 'object' && one !== null)) {
        add(['body', name], 'is an object, which a form cannot hold; write e.g. "filter[name]": text');
      }
    }
  }
  if (format === 'parquet') checkWholeFile(source, add);
  const isTable = format !== undefined && answerFormats[format].takes.some((one) => one === 'csv');
  if (csv !== undefined && format !== undefined && !isTable)
    add(['csv'], `says how to read csv, but format is ${format}`);
  if (isTable) {
    for (const key of ['records_path', 'record_name_column', 'map_key', 'columnar', 'header'] as const) {
      if (source[key] !== undefined) add([key], `leads through JSON and XML, but format is ${format}`);
    }
    for (const key of ['success_when', 'error_when', 'retry_when', 'error_message_path'] as const) {
      const asked = [source[key] ?? []].flat();
      if (asked.some((text) => text.includes('$'))) add([key], `asks about a body of JSON, but format is ${format}`);
    }
    for (const [key, value] of Object.entries(source.pagination ?? {})) {
      const isSet = key.endsWith('_path') && value !== undefined;
      if (isSet) add(['pagination', key], `leads through a body of JSON, but format is ${format}`);
    }
    if (Object.keys(source.include).length > 0) add(['include'], `takes from JSON and XML, but format is ${format}`);
  }
  if (csv === undefined) return;
  if (csv.thousands_separator !== undefined || csv.decimal_separator !== '.') {
    const key = csv.thousands_separator === undefined ? 'decimal_separator' : 'thousands_separator';
    add(['csv', key], "is for files; of a response make the number by a business rule, e.g. replace(price, ',', '.')");
  }
  if (!csv.header && csv.names === undefined) add(['csv', 'names'], 'are needed where header is false');
  if (csv.header && csv.names !== undefined)
    add(['csv', 'names'], 'are for responses without a header: set header: false');
  const delimiter = csv.delimiter ?? fileFormats[format === 'tsv' ? 'tsv' : 'csv'].delimiter;
  for (const key of ['quote', 'escape', 'comment'] as const) {
    if (csv[key] !== undefined && csv[key] === delimiter) add(['csv', key], 'must differ from the delimiter');
  }
}

/** What looks into responses, or asks for several, where a response is a file that is taken as it is. */
function checkWholeFile(source: AnswerSettings, add: AddIssue): void {
  const looking = ['records_path', 'record_name_column', 'map_key', 'columnar', 'header', 'encoding'] as const;
  for (const key of [...looking, 'incremental', 'parent', 'for_each', 'max_rows'] as const) {
    if (source[key] !== undefined) add([key], 'does not go with format: parquet, of which one file is loaded as it is');
  }
  if (Object.keys(source.include).length > 0) add(['include'], 'takes from JSON and XML, but format is parquet');
  if (source.pagination !== undefined && source.pagination.type !== 'none') {
    add(['pagination'], 'does not go with format: parquet, of which one file is loaded as it is');
  }
}
