import { html } from 'hono/html';
import type { Statements } from '../../dsql/sql.ts';
import { runsAtWork } from '../../report/runs-at-work.ts';
import { lastRuns, pipelineSummaries, type RunTotals, totalsSince } from '../../state/run-overview.ts';
import { data, type Html, nothing } from '../html.ts';
import { links, withQuery } from '../links.ts';
import { measure, number } from '../parts/number.ts';
import { status } from '../parts/status.ts';
import { type StripHeight, strip } from '../parts/strip.ts';
import { type PipelineRow, pipelineRows, problemStates } from '../pipeline-rows.ts';
import type { View, Viewer } from '../site.ts';

/** Runs of the strip of a pipeline. */
const stripRuns = 30;

const filters = ['all', 'problems', 'failed', 'running', 'success', 'skipped', 'never'] as const;
type Filter = (typeof filters)[number];

/** What the list is asked for. */
interface Choice {
  readonly by: StripHeight;
  readonly filter: Filter;
  readonly name: string;
}

/** All pipelines with their last runs, those that ask for somebody first. @param sql  undefined before the first run */
export async function overview(viewer: Viewer, sql: Statements | undefined): Promise<View> {
  const { now, site, url, words } = viewer;
  const { loaded, problem } = site.config();
  const runs = sql === undefined ? [] : await lastRuns(sql, stripRuns);
  const summaries = sql === undefined ? [] : await pipelineSummaries(sql);
  const totals = sql === undefined ? undefined : await totalsSince(sql, startOfDay(now));
  const atWork = sql === undefined ? new Set<string>() : await runsAtWork(sql, runs);
  const rows = pipelineRows(loaded?.config.pipelines, summaries, { runs, atWork }, now);
  const by: StripHeight = url.searchParams.get('bars') === 'duration' ? 'duration' : 'rows';
  const filter = filters.find((one) => one === url.searchParams.get('status')) ?? 'all';
  const name = url.searchParams.get('name') ?? '';
  const named = rows.filter((row) => row.name.toLowerCase().includes(name.toLowerCase()));
  const shown = named.filter((row) => fits(row, filter));
  const main = html`<div class="wide">
<div class="head"><h1>${words.overview.title}</h1></div>
${problem === undefined ? nothing : html`<p class="notice bad" role="alert">${data(problem, 2_000)}</p>`}
${totals === undefined ? nothing : totalsOf(viewer, totals)}
${rows.length === 0 || summaries.length === 0 ? firstRun(viewer, rows.length === 0) : nothing}
${rows.length === 0 ? nothing : html`${tools(viewer, named, { by, filter, name })}${shown.length === 0 ? noneShown(viewer, by) : table(viewer, shown, by)}`}
</div>`;
  return { title: words.overview.title, main, events: '/events', reloadSeconds: 30 };
}

/** Midnight by the clock of this machine. */
function startOfDay(now: Date): Date {
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  return day;
}

function fits({ state }: PipelineRow, filter: Filter): boolean {
  if (filter === 'all') return true;
  if (filter === 'problems') return problemStates.has(state);
  return filter === 'success' ? state === 'success' || state === 'rejected' : state === filter;
}

function totalsOf({ format, words }: Viewer, totals: RunTotals): Html {
  const total = (name: string, value: number, text: string, kind: string): Html =>
    html`<li class="${value > 0 ? kind : ''}"><span>${text}</span> <b>${number(format, name, value)}</b></li>`;
  return html`<section class="totals" aria-label="${words.overview.today}"><h2>${words.overview.today}</h2><ul>
${total('today_runs', totals.runs, words.overview.runs, '')}
${total('today_failed', totals.failed, words.overview.failed, 'bad')}
${totals.running === 0 ? nothing : total('today_running', totals.running, words.overview.running, 'busy')}
${total('today_rows_loaded', totals.rows_loaded, words.overview.loaded, '')}
${total('today_rows_rejected', totals.rows_rejected, words.overview.rejected, 'warn')}
</ul></section>`;
}

function firstRun({ words }: Viewer, noConfig: boolean): Html {
  return html`<section class="card first"><h2>${words.overview.nothingYet}</h2>
<p>${noConfig ? words.overview.noConfig : words.overview.firstRun}</p><pre><code>npx etl run</code></pre></section>`;
}

/** @param named  the pipelines whose names fit; the filters say how many of them each would show */
function tools({ format, words }: Viewer, named: readonly PipelineRow[], chosen: Choice): Html {
  const text = words.overview;
  const textOf = (one: Filter): string =>
    one === 'all' || one === 'problems' || one === 'never' ? text[one] : words.status[one];
  const entries = filters.flatMap((one) => {
    const count = named.filter((row) => fits(row, one)).length;
    if (count === 0 && one !== chosen.filter && one !== 'all' && one !== 'problems') return [];
    return [
      html`<a href="${addressOf({ ...chosen, filter: one })}"${one === chosen.filter ? html` aria-current="true"` : nothing}>${textOf(one)} <small>${number(format, `pipelines_${one}`, count)}</small></a>`,
    ];
  });
  const height = (by: StripHeight, label: string): Html =>
    html`<a href="${addressOf({ ...chosen, by })}"${chosen.by === by ? html` aria-current="true"` : nothing}>${label}</a>`;
  return html`<div class="tools"><nav class="tabs" aria-label="${text.status}">${entries}</nav>
<form class="filter" method="get" action="${links.overview}" role="search" aria-label="${text.filter}"><input type="search" name="name" value="${chosen.name}" placeholder="${text.namePlaceholder}" aria-label="${text.name}" id="filter-name">${chosen.filter === 'all' ? nothing : html`<input type="hidden" name="status" value="${chosen.filter}">`}${chosen.by === 'rows' ? nothing : html`<input type="hidden" name="bars" value="${chosen.by}">`}<button type="submit">${text.apply}</button></form>
<p class="switch"><span>${text.height}</span>${height('rows', text.byRows)}${height('duration', text.byDuration)}</p></div>`;
}

function addressOf({ by, filter, name }: Choice): string {
  return withQuery(links.overview, {
    name: name === '' ? undefined : name,
    status: filter === 'all' ? undefined : filter,
    bars: by === 'rows' ? undefined : by,
  });
}

function noneShown({ words }: Viewer, by: StripHeight): Html {
  const all = addressOf({ by, filter: 'all', name: '' });
  return html`<section class="card blank"><p>${words.overview.none}</p><p><a href="${all}">${words.overview.showAll}</a></p></section>`;
}

function table(viewer: Viewer, rows: readonly PipelineRow[], by: StripHeight): Html {
  const { overview: text } = viewer.words;
  return html`<table class="list pipelines"><thead><tr><th scope="col">${text.pipeline}</th><th scope="col">${text.lastRuns}</th><th scope="col">${text.lastRun}</th><th scope="col" class="right">${text.rows}</th><th scope="col" class="right">${text.rejectedRows}</th><th scope="col" class="right">${text.took}</th><th scope="col">${text.next}</th></tr></thead>
<tbody>${rows.map((row) => tableRow(viewer, row, by))}</tbody></table>`;
}

function tableRow(viewer: Viewer, row: PipelineRow, by: StripHeight): Html {
  const { format, words } = viewer;
  const text = words.overview;
  const [last] = row.runs;
  const tail =
    last === undefined
      ? nothing
      : html`<a class="when" href="${links.run(last.run_id)}">${format.time(last.start_time)}</a>`;
  return html`<tr data-pipeline="${row.name}" class="p-${row.state}"><th scope="row"><a href="${links.pipeline(row.name)}">${data(row.name, 100)}</a>${underName(viewer, row)}</th>
<td class="bars" data-label="${text.lastRuns}">${row.runs.length === 0 ? nothing : strip(viewer, row.name, row.runs, by)}</td>
<td class="state" data-label="${text.lastRun}">${stateOf(viewer, row)}${tail}</td>
<td class="right" data-label="${text.rows}">${last === undefined || last.status === 'running' ? '–' : number(format, 'rows_loaded', last.rows_loaded)}</td>
<td class="right${last !== undefined && last.rows_rejected > 0 ? ' warn' : ''}" data-label="${text.rejectedRows}">${last === undefined || last.status === 'running' ? '–' : number(format, 'rows_rejected', last.rows_rejected)}</td>
<td class="right" data-label="${text.took}">${last?.seconds == null ? '–' : measure('execution_time_seconds', last.seconds, format.duration(last.seconds))}</td>
<td data-label="${text.next}">${nextOf(viewer, row)}</td></tr>`;
}

/** Why the last run failed, else the table where it has another name, and that nothing runs the pipeline any more. */
function underName({ words }: Viewer, { name, runs, settings, state, table: into }: PipelineRow): Html {
  const why = state === 'failed' ? runs[0]?.error_code : undefined;
  const texts = [
    why == null
      ? into === undefined || into === name
        ? []
        : [html`→ ${data(into, 80)}`]
      : [html`<code>${why}</code>`],
    settings === undefined ? [html`<span class="tag">${words.overview.gone}</span>`] : [],
  ].flat();
  return texts.length === 0 ? nothing : html`<span class="sub">${texts}</span>`;
}

function stateOf({ words }: Viewer, { runs, state }: PipelineRow): Html {
  const [last] = runs;
  if (last === undefined || state === 'never') return status('never', words.overview.never);
  if (state === 'stopped') return status('stopped', words.stopped);
  if (state === 'late') return html`${status(last.status, words.status[last.status])}`;
  return status(last.status === 'success' && state === 'rejected' ? 'success' : last.status, words.status[last.status]);
}

function nextOf({ format, words }: Viewer, { freshness, next, settings, summary }: PipelineRow): Html {
  const text = words.overview;
  const fresh =
    freshness?.kind === 'late'
      ? html`<span class="sub" title="${text.lateText(format.duration(freshness.hours * 3600))}">${status('late', text.late)}${summary?.last_load == null ? nothing : html`<span>${words.pipeline.lastLoad} ${format.time(summary.last_load)}</span>`}</span>`
      : freshness === undefined
        ? nothing
        : html`<span class="sub">${text.fresh}</span>`;
  if (next !== undefined) return html`${format.time(next)}${fresh}`;
  if (settings?.schedule !== undefined) return html`${settings.schedule.enabled ? '–' : text.scheduleOff}${fresh}`;
  if (settings?.trigger !== undefined) return html`${text.onObject}`;
  return html`<span class="quiet">${text.noSchedule}</span>`;
}
