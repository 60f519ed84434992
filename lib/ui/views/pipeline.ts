import { html } from 'hono/html';
import type { PipelineSettings } from '../../config/pipeline.ts';
import { shownPipeline } from '../../config/shown-config.ts';
import type { Statements } from '../../dsql/sql.ts';
import { ownValue } from '../../own-value.ts';
import { runsAtWork } from '../../report/runs-at-work.ts';
import { type RunDetails, runDetailsSchema } from '../../run/run-details.ts';
import { countObjects } from '../../state/landed-object.ts';
import { readRun } from '../../state/run-list.ts';
import { lastRuns, pageOfRuns, pipelineSummaries } from '../../state/run-overview.ts';
import { columnHistory, runSeries } from '../../state/run-series.ts';
import { type KeptWatermark, watermarksOf } from '../../state/watermark.ts';
import { type DriftedRun, driftedRuns } from '../drift.ts';
import { data, type Html, nothing } from '../html.ts';
import { links, withQuery } from '../links.ts';
import { actForm, runPath } from '../parts/act-form.ts';
import { columnTable } from '../parts/columns.ts';
import { driftList } from '../parts/drift-list.ts';
import { historyCharts } from '../parts/history-charts.ts';
import { measure, number } from '../parts/number.ts';
import { offsetOf, pager, runTable } from '../parts/run-table.ts';
import { sourceList } from '../parts/source-list.ts';
import { status, statusWord } from '../parts/status.ts';
import { type PipelineRow, pipelineRows } from '../pipeline-rows.ts';
import { scheduleText } from '../schedule-text.ts';
import type { View, Viewer } from '../site.ts';

/** Runs that the charts show at most. */
export const chartedRuns = 10_000;
/** Runs of a page of the table. */
const tableRuns = 25;
/** Loads whose columns are compared. */
const comparedRuns = 100;

/** All about one pipeline; undefined where neither the configuration nor the log has it. */
export async function pipelineView(
  viewer: Viewer,
  sql: Statements | undefined,
  name: string,
): Promise<View | undefined> {
  const { now, site, url, words } = viewer;
  const { loaded } = site.config();
  const settings = loaded === undefined ? undefined : ownValue(loaded.config.pipelines, name);
  if (sql === undefined)
    return settings === undefined ? undefined : { title: name, main: unrun(viewer, name, settings) };
  const summaries = (await pipelineSummaries(sql)).filter(({ pipeline_name }) => pipeline_name === name);
  if (settings === undefined && summaries.length === 0) return undefined;
  const recent = (await lastRuns(sql, 30)).filter(({ pipeline_name }) => pipeline_name === name);
  const atWork = await runsAtWork(sql, recent.slice(0, 1));
  const [row] = pipelineRows(
    settings === undefined ? {} : { [name]: settings },
    summaries,
    { runs: recent, atWork },
    now,
  );
  const series = await runSeries(sql, name, chartedRuns);
  const status = ['success', 'failed', 'running', 'skipped'].find((one) => one === url.searchParams.get('status'));
  const offset = offsetOf(url);
  const { runs, total } = await pageOfRuns(sql, { pipeline: name, status }, { limit: tableRuns, offset });
  const history = await columnHistory(sql, name, comparedRuns);
  const last = history[0] === undefined ? undefined : await detailsOf(sql, history[0].run_id);
  const marks = await watermarksOf(sql, name);
  const objects = await countObjects(sql, name);
  const yaml = loaded === undefined ? undefined : shownPipeline(loaded.config, name);
  const text = words.pipeline;
  const main = html`<div class="wide">${heading(viewer, name, row, settings)}
${series.length === 0 ? nothing : html`<section class="card" aria-label="${words.pipeline.runs}">${historyCharts(viewer, name, series)}</section>`}
<section class="card" id="runs"><div class="card-head"><h2>${text.runs} <small>${number(viewer.format, 'runs', total)}</small></h2>${statusSwitch(viewer, name, status)}</div>${runTable(viewer, runs)}${pager(viewer, { limit: tableRuns, offset, total })}</section>
${last === undefined ? nothing : html`<details class="card" id="columns"><summary><h2>${text.columns} <small>${number(viewer.format, 'columns', last.columns.length)}</small></h2></summary>${columnTable(viewer, last)}</details>`}
${history.length < 2 ? nothing : driftCard(viewer, driftedRuns(history), history.length)}
<div class="two">${watermarkCard(viewer, marks, settings)}${objects.length === 0 ? nothing : objectsCard(viewer, objects)}</div>
${last === undefined || last.sources_total === 0 ? nothing : html`<details class="card" id="sources"><summary><h2>${text.sources} <small>${number(viewer.format, 'sources_total', last.sources_total)}</small></h2></summary><p class="quiet intro">${text.sourcesText}</p>${sourceList(viewer, last)}</details>`}
${yaml === undefined ? nothing : html`<details class="card" id="configuration"><summary><h2>${text.configuration}</h2></summary><p class="quiet intro">${text.configurationText}</p><pre tabindex="0"><code>${yaml}</code></pre></details>`}
</div>`;
  return { title: name, main, events: '/events', reloadSeconds: 30, charts: series.length > 0 };
}

function unrun(viewer: Viewer, name: string, settings: PipelineSettings): Html {
  const { words } = viewer;
  return html`<div class="wide">${heading(viewer, name, undefined, settings)}<section class="card first"><h2>${words.overview.nothingYet}</h2><p>${words.overview.firstRun}</p><pre><code>npx etl run ${name}</code></pre></section></div>`;
}

async function detailsOf(sql: Statements, runId: string): Promise<RunDetails | undefined> {
  const { details } = await readRun(sql, runId);
  return details === null ? undefined : runDetailsSchema.parse(JSON.parse(details));
}

function heading(
  viewer: Viewer,
  name: string,
  row: PipelineRow | undefined,
  settings: PipelineSettings | undefined,
): Html {
  const { format, words } = viewer;
  const text = words.pipeline;
  const fact = (title: string, content: Html | string): Html => html`<div><dt>${title}</dt><dd>${content}</dd></div>`;
  const last = row?.runs[0];
  const table = row?.table;
  return html`<nav class="path" aria-label="${words.shell.overview}"><a href="${links.overview}">${words.overview.title}</a></nav>
<div class="head"><h1>${data(name, 100)}</h1>${last === undefined ? nothing : row?.state === 'stopped' ? status('stopped', words.stopped) : statusWord(last.status, words)}${runNow(viewer, name, settings)}</div>
<dl class="facts">${table === undefined ? nothing : fact(text.table, html`<a href="${links.table(table)}">${data(table, 80)}</a>`)}
${settings === undefined ? nothing : html`${fact(text.source, sourceText(settings))}${fact(text.loadMode, html`<code>${settings.load_mode}</code>`)}${fact(text.schedule, scheduleText(viewer, settings))}`}
${row?.next === undefined ? nothing : fact(words.overview.next, format.time(row.next))}
${row?.summary?.last_load == null ? nothing : fact(text.lastLoad, format.time(row.summary.last_load))}
${row?.freshness === undefined ? nothing : fact(text.freshness, row.freshness.kind === 'late' ? html`<span class="warn">${words.overview.late}: ${measure('late_after_hours', row.freshness.hours, words.overview.lateText(format.duration(row.freshness.hours * 3600)))}</span>` : words.overview.fresh)}</dl>`;
}

function runNow(viewer: Viewer, name: string, settings: PipelineSettings | undefined): Html {
  if (viewer.site.acts === undefined || settings === undefined) return nothing;
  return html`<div class="acts">${actForm(viewer, `${runPath(name)}/preview`, nothing, viewer.words.pipeline.runNow, 'primary')}</div>`;
}

function sourceText(settings: PipelineSettings): Html {
  const what = settings.source_type === 'api' ? settings.endpoint : [settings.file_path].flat().join(', ');
  return html`${data(what.replace(/\?.*$/, ''), 120)}`;
}

function statusSwitch({ words }: Viewer, name: string, chosen: string | undefined): Html {
  const entry = (status: 'success' | 'failed' | 'running' | 'skipped' | undefined): Html =>
    html`<a href="${withQuery(links.pipeline(name), { status })}#runs"${status === chosen ? html` aria-current="true"` : nothing}>${status === undefined ? words.pipeline.all : words.status[status]}</a>`;
  return html`<p class="switch">${[undefined, 'success', 'failed', 'skipped', 'running'].map((one) => entry(one as Parameters<typeof entry>[0]))}</p>`;
}

function driftCard({ format, words }: Viewer, drifted: readonly DriftedRun[], compared: number): Html {
  const text = words.pipeline;
  const runs = drifted.map(
    ({ drift, run_id, start_time }) =>
      html`<li><p><a href="${links.run(run_id)}">${format.time(start_time)}</a> <code>${run_id.slice(0, 8)}</code></p>${driftList(words, drift)}</li>`,
  );
  return html`<section class="card" id="drift"><h2>${text.drift}</h2>${runs.length === 0 ? html`<p class="empty">${measure('compared_runs', compared, text.noDrift(compared))}</p>` : html`<ol class="drift">${runs}</ol>`}</section>`;
}

function watermarkCard(
  { format, words }: Viewer,
  marks: readonly KeptWatermark[],
  settings: PipelineSettings | undefined,
): Html {
  const text = words.pipeline;
  const isIncremental = settings?.source_type === 'api' && settings.incremental !== undefined;
  if (marks.length === 0 && !isIncremental) return nothing;
  return html`<section class="card" id="watermark"><h2>${text.watermark}</h2>${
    marks.length === 0
      ? html`<p class="empty">${text.noWatermark}</p>`
      : marks.map(
          ({ run_id, target_table, updated_at, watermark }) =>
            html`<dl class="facts"><div><dt>${text.watermarkColumn}</dt><dd><code>${data(watermark.cursor_column, 80)}</code></dd></div><div><dt>${text.watermarkValue}</dt><dd><code>${data(watermark.value, 120)}</code></dd></div>${target_table === null ? nothing : html`<div><dt>${text.table}</dt><dd>${data(target_table, 80)}</dd></div>`}<div><dt>${text.movedBy}</dt><dd>${run_id === null ? '–' : html`<a href="${links.run(run_id)}"><code>${run_id.slice(0, 8)}</code></a>`} ${format.time(updated_at)}</dd></div></dl>`,
        )
  }</section>`;
}

function objectsCard({ format, words }: Viewer, objects: Awaited<ReturnType<typeof countObjects>>): Html {
  const text = words.pipeline;
  return html`<section class="card" id="objects"><h2>${text.objects}</h2><ul class="split first-split">${objects.map(({ bytes, objects: count, status }) => html`<li>${number(format, `objects_${status}`, count)} ${text.objectStates[status]} <small>${measure(`objects_${status}_bytes`, bytes, format.bytes(bytes))}</small></li>`)}</ul></section>`;
}
