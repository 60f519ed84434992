import { html } from 'hono/html';
import type { PipelineSettings } from '../config/pipeline.ts';
import { data, type Html } from './html.ts';
import type { Viewer } from './site.ts';

/** When a pipeline runs in AWS, as its configuration says. */
export function scheduleText(
  { words }: Viewer,
  { schedule, trigger }: Pick<PipelineSettings, 'schedule' | 'trigger'>,
): Html {
  const text = words.overview;
  if (schedule !== undefined) {
    const when = schedule.rate ?? `${schedule.cron ?? ''} (${schedule.time_zone})`;
    return schedule.enabled ? html`<code>${when}</code>` : html`<code>${when}</code> ${text.scheduleOff}`;
  }
  if (trigger !== undefined) return html`${text.onObject}: ${data(`s3://${trigger.bucket}/${trigger.prefix}`, 100)}`;
  return html`${text.noSchedule}`;
}
