import { expect, it } from 'vitest';
import { scheduleSchema } from '../../lib/config/deploy.ts';
import { successWindowHours } from '../../lib/config/schedule-window.ts';

it.each([
  [{ rate: '1 minute' }, 1],
  [{ rate: '15 minutes' }, 1],
  [{ rate: '1 hour' }, 2],
  [{ rate: '3 days' }, 144],
  [{ rate: '7 days' }, undefined],
  [{ cron: '0 3 * * ? *' }, 25],
  [{ cron: '*/5 * * * ? *' }, 2],
  [{ cron: '0 3 ? * MON-FRI *' }, 168],
  [{ cron: '0 3 ? * 6L *' }, undefined],
  [{ cron: '0 3 1 * ? *' }, undefined],
  [{ cron: '0 3 * * ? *', enabled: false }, undefined],
  [{ cron: '0 3 1 * ? *', success_within_hours: 100 }, 100],
])('the window of %j is %s hours', (schedule, hours) => {
  expect(successWindowHours(scheduleSchema.parse(schedule))).toBe(hours);
});
