import { html } from 'hono/html';
import type { RunDetails } from '../../run/run-details.ts';
import type { Html } from '../html.ts';
import type { Viewer } from '../site.ts';
import { measure } from './number.ts';

/** The stages of a run one under the other, each where it lay in time and as long as it took. */
export function stageTimes({ format, words }: Viewer, stages: RunDetails['stages'], failed: string | null): Html {
  const whole = Math.max(
    0.001,
    stages.reduce((sum, { seconds }) => sum + seconds, 0),
  );
  let from = 0;
  const rows = stages.map(({ seconds, stage }) => {
    const start = (100 * from) / whole;
    const length = Math.max(0.6, (100 * seconds) / whole);
    from += seconds;
    return html`<tr data-stage="${stage}"><th scope="row">${words.run.stageNames[stage]}</th><td class="lane"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" x="0" y="4.5" width="100" height="1"/><rect class="${stage === failed ? 'bad' : 'good'}" x="${Math.min(99.4, start).toFixed(2)}" y="0" width="${Math.min(length, 100 - Math.min(99.4, start)).toFixed(2)}" height="10"/></svg></td><td class="right">${measure('stage_seconds', seconds, format.duration(seconds))}</td></tr>`;
  });
  return html`<table class="stages"><tbody>${rows}</tbody></table>`;
}
