import { html } from 'hono/html';
import type { BriefRun } from '../../state/run-overview.ts';
import type { Html } from '../html.ts';
import { links } from '../links.ts';
import type { Viewer } from '../site.ts';

/** What the height of a bar means. */
export type StripHeight = 'rows' | 'duration';

/** Steps of a bar's height; the style sheet has a class for each. */
const steps = 20;

/** The last runs of a pipeline as bars, oldest first, each a link to its run. @param runs  newest first */
export function strip({ format, words }: Viewer, name: string, runs: readonly BriefRun[], by: StripHeight): Html {
  const measure = (run: BriefRun): number => (by === 'rows' ? run.rows_loaded : (run.seconds ?? 0));
  const most = Math.max(1e-9, ...runs.map(measure));
  const bars = [...runs].reverse().map((run, index) => {
    const height = Math.max(1, Math.round((steps * measure(run)) / most));
    const told = [
      words.status[run.status],
      format.moment(run.start_time),
      ...(run.status === 'running' ? [] : [`${format.number(run.rows_loaded)} ${words.overview.loaded}`]),
      ...(run.rows_rejected > 0 ? [`${format.number(run.rows_rejected)} ${words.overview.rejected}`] : []),
      ...(run.seconds === null ? [] : [format.duration(run.seconds)]),
    ].join(', ');
    const some = run.status === 'success' && run.rows_rejected > 0 ? ' some' : '';
    return html`<li><a class="bar b-${run.status}${some}" href="${links.run(run.run_id)}" title="${told}" aria-label="${told}" tabindex="${index === runs.length - 1 ? 0 : -1}"><span class="h${height}"></span></a></li>`;
  });
  return html`<ol class="strip" aria-label="${words.overview.stripLabel(runs.length, name)}">${bars}</ol>`;
}
