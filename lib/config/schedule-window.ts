import { maxWindowHours } from './alarms.ts';
import type { Schedule } from './deploy.ts';

const hoursOf = { minute: 1 / 60, hour: 1, day: 24 } as const;

/**
 * The hours within which a scheduled pipeline must have succeeded once: what the schedule says itself; else the time of
 * two rates; else of a cron that fires on every day 25 h, of one by days of the week seven days, less where it fires
 * every hour. Undefined where no alarm can tell: a schedule that is off, or fires less often than every seven days.
 */
export function successWindowHours(schedule: Schedule): number | undefined {
  if (!schedule.enabled) return undefined;
  if (schedule.success_within_hours !== undefined) return schedule.success_within_hours;
  const hours = schedule.rate === undefined ? cronHours(schedule.cron ?? '') : rateHours(schedule.rate);
  return hours > maxWindowHours ? undefined : hours;
}

function rateHours(rate: string): number {
  const [, count = '1', unit = 'day'] = /^(\d+) (minute|hour|day)s?$/.exec(rate) ?? [];
  return Math.max(1, Math.ceil(2 * Number(count) * hoursOf[unit as keyof typeof hoursOf]));
}

function cronHours(cron: string): number {
  const [, hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = cron.split(' ');
  const any = (field: string): boolean => /^([*?]|\*\/1)$/.test(field);
  if (!any(month) || !any(dayOfMonth)) return Number.POSITIVE_INFINITY;
  // The nth or the last weekday of a month.
  if (/[#L]/.test(dayOfWeek)) return Number.POSITIVE_INFINITY;
  if (!any(dayOfWeek)) return maxWindowHours;
  return any(hour) ? 2 : 25;
}
