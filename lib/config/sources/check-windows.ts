import { durationSeconds } from '../duration.ts';
import type { IncrementalSettings } from '../source-incremental.ts';
import { placeholdersOf, TemplateProblem } from '../template.ts';
import type { AddIssue } from './add-issue.ts';

/** The settings that time is cut into slices by. */
export function checkWindows(
  source: {
    readonly incremental?: IncrementalSettings | undefined;
    readonly endpoint: string;
    readonly params: Readonly<Record<string, unknown>>;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body?: unknown;
  },
  add: AddIssue,
): void {
  const { incremental } = source;
  if (incremental === undefined) return;
  const { cursor_format, cursor_type, end, end_param, initial_value, split_when, start_param, step, window } =
    incremental;
  const addHere = (key: string, message: string): void => add(['incremental', key], message);
  const isTime = cursor_type === undefined || cursor_type === 'timestamp';
  for (const [key, value] of Object.entries({ window, end })) {
    if (value === undefined) continue;
    if (!isTime) addHere(key, `is of time, but cursor_type is ${cursor_type}`);
    else if (typeof initial_value === 'number' && cursor_format === undefined) {
      addHere(key, 'is of time, but initial_value is a number; set cursor_format, e.g. epoch_seconds');
    }
  }
  if (window === undefined) {
    if (step !== undefined) addHere('step', 'needs window, the length of a slice');
    if (split_when !== undefined) addHere('split_when', 'needs window, the length of a slice');
    return;
  }
  if ((durationSeconds(step ?? window) ?? 0) > (durationSeconds(window) ?? 0)) {
    addHere('step', 'is longer than window, so rows between two slices would be lost');
  }
  if (initial_value === undefined) addHere('window', 'needs initial_value, where the first slice begins');
  const used = boundsIn([source.endpoint, source.params, source.headers, source.body]);
  if (start_param === undefined && !used.has('watermark') && !used.has('window.start')) {
    addHere('window', 'needs start_param, or {window.start} in the request: each slice is asked for by its bounds');
  }
  if (end_param === undefined && !used.has('window.end')) {
    addHere('window', 'needs end_param, or {window.end} in the request: each slice is asked for by its bounds');
  }
}

export function boundsIn(value: unknown): ReadonlySet<string> {
  if (typeof value === 'string') {
    try {
      return new Set(
        placeholdersOf(value).map(({ member, name }) => (member === undefined ? name : `${name}.${member}`)),
      );
    } catch (thrown) {
      if (thrown instanceof TemplateProblem) return new Set();
      throw thrown;
    }
  }
  if (typeof value !== 'object' || value === null) return new Set();
  return new Set(Object.values(value).flatMap((inner: unknown) => [...boundsIn(inner)]));
}
