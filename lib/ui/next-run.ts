import { Cron } from 'croner';
import type { Schedule } from '../config/deploy.ts';
import { successWindowHours } from '../config/schedule-window.ts';

/** Whether something new has come as often as the schedule says. */
export type Freshness = { readonly kind: 'on_time' } | { readonly kind: 'late'; readonly hours: number };

/** When the schedule fires next; undefined where it is off, or cannot be told. @param lastRun  ISO 8601, of the last that the schedule started */
export function nextRun(schedule: Schedule, lastRun: string | undefined, now: Date): Date | undefined {
  if (!schedule.enabled) return undefined;
  if (schedule.cron !== undefined) return nextOfCron(schedule.cron, schedule.time_zone, now);
  if (schedule.rate === undefined || lastRun === undefined) return undefined;
  const everyMs = rateMs(schedule.rate);
  const since = Math.max(0, now.getTime() - Date.parse(lastRun));
  return new Date(Date.parse(lastRun) + (Math.floor(since / everyMs) + 1) * everyMs);
}

/** Undefined where there is no schedule, or its window is unknown. @param lastGood  ISO 8601 */
export function freshnessOf(schedule: Schedule | undefined, lastGood: string | null, now: Date): Freshness | undefined {
  const hours = schedule === undefined ? undefined : successWindowHours(schedule);
  if (hours === undefined || lastGood === null) return undefined;
  return now.getTime() - Date.parse(lastGood) > hours * 3_600_000 ? { kind: 'late', hours } : { kind: 'on_time' };
}

/** The six fields of EventBridge have no seconds, and count the days of the week from 1 for Sunday. */
function nextOfCron(cron: string, timezone: string, now: Date): Date | undefined {
  try {
    return new Cron(`0 ${cron}`, { timezone, alternativeWeekdays: true, paused: true }).nextRun(now) ?? undefined;
  } catch {
    return undefined;
  }
}

const unitMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

function rateMs(rate: string): number {
  const [, count = '1', unit = 'day'] = /^(\d+) (minute|hour|day)s?$/.exec(rate) ?? [];
  return Number(count) * (unit === 'minute' ? unitMs.minute : unit === 'hour' ? unitMs.hour : unitMs.day);
}
