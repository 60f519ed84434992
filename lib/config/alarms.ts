import { z } from 'zod';

/** When alarms of a deployment go off. */
export const alarmsSchema = z
  .strictObject({
    rejected_ratio: z
      .number()
      .min(0)
      .max(1)
      .default(0.05)
      .describe('ManyRejected: a run succeeded with a larger share of rejected rows than this, from 0 to 1.'),
    queue_age_minutes: z
      .int()
      .min(5)
      .max(10_080)
      .default(60)
      .describe(
        'QueueAge and ObjectsWait: an object that landed has waited longer than this to be noted, or for its run.',
      ),
    dpu_a_day: z
      .number()
      .positive()
      .optional()
      .describe('DpuBudget: the cluster used more DPUs than this in 24 hours, whoever used them. Default: no alarm.'),
  })
  .prefault({});

/** CloudWatch looks back seven days at most (user guide, "Alarm evaluation"). */
export const maxWindowHours = 168;

/** The hours within which a scheduled pipeline must succeed, as its schedule may say. */
export const successWithinHoursSchema = z.int().min(1).max(maxWindowHours);
