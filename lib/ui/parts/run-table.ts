import { html } from 'hono/html';
import type { BriefRun } from '../../state/run-overview.ts';
import { data, type Html, nothing } from '../html.ts';
import { links, withQuery } from '../links.ts';
import type { Viewer } from '../site.ts';
import { measure, number } from './number.ts';
import { statusWord } from './status.ts';

/** Runs of one pipeline, newest first. */
export function runTable({ format, words }: Viewer, runs: readonly BriefRun[]): Html {
  const text = words.pipeline;
  if (runs.length === 0) return html`<p class="empty">${text.noRuns}</p>`;
  const kindOf = (kind: string): string => Object.entries(words.kinds).find(([name]) => name === kind)?.[1] ?? kind;
  const count = (run: BriefRun, name: 'rows_read' | 'rows_loaded' | 'rows_rejected'): Html =>
    run.status === 'running' ? html`–` : number(format, name, run[name]);
  const rows = runs.map(
    (
      run,
    ) => html`<tr data-run="${run.run_id}"><th scope="row"><a href="${links.run(run.run_id)}">${format.time(run.start_time)}</a><span class="sub"><code>${run.run_id.slice(0, 8)}</code>${run.kind === 'load' ? nothing : html` <span class="tag">${kindOf(run.kind)}</span>`}${run.closed_by !== null && run.status === 'success' ? html` <span class="tag">${text.takenBack}</span>` : nothing}</span></th>
<td>${statusWord(run.status, words)}${run.status === 'failed' && run.error_code !== null ? html`<span class="sub"><code>${data(run.error_code, 60)}</code></span>` : nothing}</td>
<td class="right only-wide">${count(run, 'rows_read')}</td><td class="right">${count(run, 'rows_loaded')}</td><td class="right${run.rows_rejected > 0 ? ' warn' : ''}">${count(run, 'rows_rejected')}</td><td class="right only-wide">${run.seconds === null ? '–' : measure('execution_time_seconds', run.seconds, format.duration(run.seconds))}</td></tr>`,
  );
  return html`<table class="list runs"><thead><tr><th scope="col">${text.started}</th><th scope="col">${text.status}</th><th scope="col" class="right only-wide">${text.read}</th><th scope="col" class="right">${words.overview.rows}</th><th scope="col" class="right">${words.overview.rejectedRows}</th><th scope="col" class="right only-wide">${words.overview.took}</th></tr></thead><tbody>${rows}</tbody></table>`;
}

/** Which part of a list is shown, and the ways to the others. */
export function pager(
  { format, url, words }: Viewer,
  { limit, offset, total }: { readonly limit: number; readonly offset: number; readonly total: number },
): Html {
  if (total <= limit) return nothing;
  const text = words.pipeline;
  const to = (start: number): string =>
    withQuery(url.pathname, { ...Object.fromEntries(url.searchParams), from: start === 0 ? undefined : String(start) });
  const shown = text.page(
    format.number(offset + 1),
    format.number(Math.min(total, offset + limit)),
    format.number(total),
  );
  return html`<nav class="pager" aria-label="${shown}"><span>${measure('listed', total, shown)}</span>${offset > 0 ? html`<a class="button" rel="prev" href="${to(Math.max(0, offset - limit))}">${text.newer}</a>` : nothing}${offset + limit < total ? html`<a class="button" rel="next" href="${to(offset + limit)}">${text.older}</a>` : nothing}</nav>`;
}

/** Where a list begins, by its address; 0 for anything that is no number. */
export function offsetOf(url: URL): number {
  const text = url.searchParams.get('from') ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
