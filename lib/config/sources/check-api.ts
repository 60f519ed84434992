import type { z } from 'zod';
import { whyUnconditional } from '../conditional-requests.ts';
import { type LoadMode, loadModeTraits } from '../load-mode.ts';
import { checkAnswers } from '../source-answers.ts';
import { forEachObject } from '../source-for-each.ts';
import { checkRows } from '../source-rows.ts';
import type { Placeholder } from '../template.ts';
import type { VariableName } from '../template-words.ts';
import { type AddIssue, issueAdder } from './add-issue.ts';
import type { apiSourceShape } from './api.ts';
import { checkCursorValues } from './check-cursor-values.ts';
import { checkParameters } from './check-parameters.ts';
import { checkPartitions } from './check-partitions.ts';
import { checkStatuses } from './check-statuses.ts';
import { checkTemplates } from './check-templates.ts';
import { boundsIn, checkWindows } from './check-windows.ts';

type Api = z.infer<z.ZodObject<typeof apiSourceShape>> & { readonly load_mode: LoadMode };

/** Settings of an API source that are right each by itself and do not fit together. */
export function checkApiSource(source: Api, context: z.core.$RefinementCtx): void {
  const add = issueAdder(context);
  checkPagination(source, add);
  checkRequests(source, add);
  checkRows(source, add);
  checkAnswers(source, add);
  checkAsync(source, add);
  checkIncremental(source, add);
  checkWindows(source, add);
  checkParameters(source, add);
  const { for_each, parent } = source;
  const key = for_each === undefined ? 'parent' : 'for_each';
  checkStatuses(source, for_each === undefined ? parent : forEachObject(for_each), key, add);
  checkConditions(source, add);
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

function checkRequests(source: Api, add: AddIssue): void {
  const { for_each, incremental, parent } = source;
  const missing = ({ name }: Placeholder): string | undefined => {
    switch (name) {
      case 'parent':
        return (parent ?? for_each) === undefined ? 'needs a parent, e.g. parent: {endpoint: users}' : undefined;
      case 'watermark':
        return incremental?.initial_value === undefined
          ? 'needs incremental with an initial_value, which the first run begins at'
          : undefined;
      case 'window':
        return (incremental?.window ?? incremental?.end) === undefined
          ? 'needs incremental.window, or incremental.end'
          : incremental?.initial_value === undefined
            ? 'needs incremental.initial_value'
            : undefined;
      case 'batch':
        return (parent ?? for_each) === undefined ? 'needs for_each' : undefined;
      case 'job':
        return 'belongs into async.status_endpoint or result_endpoint';
      default:
        return undefined;
    }
  };
  const used = checkTemplates({ ...source, missing }, [], add);
  for (const { name, shift, text } of used) {
    if (name === 'watermark' && shift !== 0 && ['number', 'text'].includes(incremental?.cursor_type ?? '')) {
      add(['incremental', 'cursor_type'], `has no times, of which ${text} is one`);
    }
  }
  checkPartitions(source, used, add);
}

function checkConditions(source: Api, add: AddIssue): void {
  if (source.conditional_requests === undefined || source.conditional_requests === 'off') return;
  const why = whyUnconditional(source);
  if (why !== undefined) add(['conditional_requests'], why);
}

/** Endpoints of a job know its first response; what is asked before knows none. */
function checkAsync({ async: job }: Api, add: AddIssue): void {
  if (job === undefined) return;
  if (job.poll_seconds > job.timeout)
    add(['async', 'poll_seconds'], 'is longer than timeout, so no job would be waited for');
  for (const key of ['status_endpoint', 'result_endpoint'] as const) {
    const endpoint = job[key];
    if (endpoint === undefined) continue;
    const known: readonly VariableName[] = ['job', 'now', 'run', 'env', 'secret'];
    checkTemplates(
      {
        endpoint,
        params: {},
        headers: {},
        missing: ({ name }) => (known.includes(name) ? undefined : 'is not known to a job'),
      },
      ['async'],
      (path, message) => add(['async', key, ...path.slice(2)], message),
    );
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
  if (loadModeTraits[source.load_mode].deletesUnread) {
    add(
      ['incremental'],
      `reads what is new, and load_mode ${source.load_mode} would delete all other rows; use upsert`,
    );
  }
  const used = boundsIn([source.endpoint, source.params, source.headers, source.body]);
  const isSent = (incremental.start_param ?? incremental.end_param) !== undefined || used.size > 0;
  checkCursorValues(incremental, isSent, add);
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
