import type { IncomingHttpHeaders } from 'node:http';
import { parseJsonPath } from '../../config/json-path.ts';
import type { ResetHeaderSettings, ResetPathSettings } from '../../config/source-retry.ts';
import { JsonSyntaxError } from '../json/json-syntax-error.ts';
import { readValues } from '../json/read-values.ts';
import { scalarText } from './json-value.ts';

/** Statuses that may be different the next time. */
export function isBusyStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status <= 599);
}

/** Statuses that may be different the next time where the response asks to wait: some APIs limit rates by 403, and 425 is Too Early. */
export function mayBeBusy(status: number): boolean {
  return status === 403 || status === 425;
}

/**
 * How long the response asks to wait, in milliseconds: by Retry-After (RFC 9110 §10.2.3, seconds or a date) or one of the
 * configured headers; the longest wins. Undefined where it does not say so, or not understandably.
 */
export function askedWaitMs(
  headers: IncomingHttpHeaders,
  resetHeaders: readonly ResetHeaderSettings[],
  now: Date,
): number | undefined {
  const waits = [
    retryAfterMs(headers['retry-after'], now),
    ...resetHeaders.map((reset) => resetMs(headerText(headers, reset.name), reset.format, now)),
  ].filter((wait) => wait !== undefined);
  return waits.length === 0 ? undefined : Math.max(...waits);
}

/**
 * How long the body of such a response asks to wait, in milliseconds; the longest wins.
 *
 * @param start  its first bytes; one that is longer says nothing
 */
export function bodyWaitMs(start: Buffer, resetPaths: readonly ResetPathSettings[], now: Date): number | undefined {
  if (resetPaths.length === 0) return undefined;
  try {
    const paths = Object.fromEntries(resetPaths.map(({ path }) => [path, parseJsonPath(path)]));
    const values = readValues(start, paths);
    const waits = resetPaths.map(({ format, path }) => resetMs(scalarText(values.get(path) ?? '{'), format, now));
    return longest(...waits);
  } catch (thrown) {
    if (thrown instanceof JsonSyntaxError) return undefined;
    throw thrown;
  }
}

export function longest(...waits: readonly (number | undefined)[]): number | undefined {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** How long to wait before the next request after a good response that says that none is left. */
export function usedUpWaitMs(
  headers: IncomingHttpHeaders,
  resetHeaders: readonly ResetHeaderSettings[],
  now: Date,
): number {
  const waits = resetHeaders
    .filter(({ remaining_header: name }) => name !== undefined && Number(headerText(headers, name) ?? NaN) === 0)
    .map((reset) => resetMs(headerText(headers, reset.name), reset.format, now) ?? 0);
  return Math.max(0, ...waits);
}

/** The wait before attempt `attempt + 1`, 0 being the first: what was asked for, else the ladder with up to a quarter more. */
export function nextWaitMs(
  attempt: number,
  delaysSeconds: readonly number[],
  asked: number | undefined,
  random: () => number,
): number {
  const ladder = (delaysSeconds[attempt] ?? 0) * 1_000;
  if (asked === undefined) return ladder * (1 + random() / 4);
  // "Now" again and again would use up all attempts at once: from the second time on the ladder's rung before holds.
  const least = attempt === 0 ? 0 : (delaysSeconds[attempt - 1] ?? 0) * 1_000;
  return Math.max(asked, least);
}

function retryAfterMs(text: string | undefined, now: Date): number | undefined {
  if (text === undefined) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(text)) return Number(text) * 1_000;
  return dateMs(text, now);
}

function dateMs(text: string, now: Date): number | undefined {
  if (!/^\s*[A-Za-z]{3,9}\b.*\d{4}|^\s*\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}

function resetMs(text: string | undefined, format: ResetHeaderSettings['format'], now: Date): number | undefined {
  if (text === undefined) return undefined;
  if (format === 'http_date' || format === 'iso8601') return dateMs(text, now);
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0) return undefined;
  switch (format) {
    case 'seconds':
      return number * 1_000;
    case 'milliseconds':
      return number;
    case 'epoch_seconds':
      return Math.max(0, number * 1_000 - now.getTime());
    case 'epoch_milliseconds':
      return Math.max(0, number - now.getTime());
  }
}

export function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(', ') : value;
}
