import { z } from 'zod';

/** Seconds of each unit, by every spelling of it. Months and years are left out: they have no one length. */
const unitSeconds: Readonly<Record<string, number>> = Object.fromEntries(
  (
    [
      [1, 's sec secs second seconds'],
      [60, 'm min mins minute minutes'],
      [3_600, 'h hour hours'],
      [86_400, 'd day days'],
      [604_800, 'w week weeks'],
    ] as const
  ).flatMap(([seconds, names]) => names.split(' ').map((name) => [name, seconds])),
);

/** The seconds of a length of time such as `1 day`, `12h` or `90 seconds`; undefined where the text is none. */
export function durationSeconds(text: string): number | undefined {
  const [, amount, unit = ''] = /^\s*(\d{1,9})\s*([a-z]+)\s*$/i.exec(text) ?? [];
  const seconds = Object.hasOwn(unitSeconds, unit.toLowerCase()) ? unitSeconds[unit.toLowerCase()] : undefined;
  return amount === undefined || seconds === undefined ? undefined : Number(amount) * seconds;
}

const problem = 'must be a length of time of whole seconds, minutes, hours, days or weeks, e.g. "1 day" or "12h"';

/** A length of time that is longer than nothing. */
export const durationSchema = z.string().refine((text) => (durationSeconds(text) ?? 0) > 0, problem);

/** `now`, or a time before or after it, e.g. `now-1h`: the seconds from now; undefined where the text is neither. */
export function shiftFromNow(text: string): number | undefined {
  const [, sign, duration] = /^\s*now\s*(?:([+-])\s*(.+))?$/i.exec(text) ?? [];
  if (!/^\s*now/i.test(text)) return undefined;
  if (sign === undefined) return /^\s*now\s*$/i.test(text) ? 0 : undefined;
  const seconds = durationSeconds(duration ?? '');
  return seconds === undefined ? undefined : (sign === '-' ? -1 : 1) * seconds;
}
