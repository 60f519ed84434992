import { html } from 'hono/html';
import type { Statements } from '../../dsql/sql.ts';
import { remedyOfCode } from '../../report/remedies/remedies.ts';
import { type NextStep, nextSteps, type RunReport, readReport } from '../../report/run-report.ts';
import type { ExecutionPlace } from '../../run/execution-place.ts';
import { sampleRejected } from '../../state/rejected-rows.ts';
import { type LandedBatches, landedBatches } from '../../state/run-series.ts';
import { readSigns } from '../../state/run-signs.ts';
import { data, type Html, nothing } from '../html.ts';
import { links } from '../links.ts';
import { actForm, replayPath, undoPath } from '../parts/act-form.ts';
import { columnTable } from '../parts/columns.ts';
import { driftList } from '../parts/drift-list.ts';
import { type FlowPart, flow } from '../parts/flow.ts';
import { lineChart } from '../parts/line-chart.ts';
import { measure, number } from '../parts/number.ts';
import { rejectedGroups, type ShownGroup } from '../parts/rejected-groups.ts';
import { remedyList } from '../parts/remedy.ts';
import { sourceList } from '../parts/source-list.ts';
import { stageTimes } from '../parts/stages.ts';
import { status, statusWord } from '../parts/status.ts';
import { warningList } from '../parts/warning-list.ts';
import type { View, Viewer } from '../site.ts';
import { awsLinks, executionOf } from './run-aws.ts';
import { liveCard, liveRows } from './run-live.ts';

/** Groups of batches that are drawn at most. */
const drawnBatches = 200;
/** Reasons of rejected rows that have samples, and samples of each. */
const sampledReasons = 8;
const samplesOfEach = 3;

/** Everything about one run. @param runId  of a run that is in the log */
export async function runView(viewer: Viewer, sql: Statements, runId: string): Promise<View> {
  const report = await readReport(sql, runId);
  const landed = await landedBatches(sql, runId, drawnBatches);
  const groups: ShownGroup[] = [];
  for (const [index, group] of report.rejected.entries()) {
    const samples = index < sampledReasons ? await sampleRejected(sql, { runId, all: true }, group, samplesOfEach) : [];
    groups.push({ ...group, samples });
  }
  const running = report.run.status === 'running';
  const signs = running ? await readSigns(sql, runId) : undefined;
  const main = html`<div class="wide run">${heading(viewer, report, await executionOf(sql, report, signs), signs?.alive)}${running ? liveCard(viewer, landed, signs) : failure(viewer, report)}
${signs?.alive === true ? nothing : next(viewer, report)}
<section class="card" id="rows"><h2>${viewer.words.run.flow}</h2>${running ? liveRows(viewer, landed, signs) : rowsOf(viewer, report)}</section>
<div class="two"><section class="card" id="stages"><h2>${viewer.words.run.stages}</h2>${stagesOf(viewer, report)}</section>
<section class="card" id="batches"><h2>${viewer.words.run.batches}</h2>${batchesOf(viewer, report, landed)}</section></div>
${rulesOf(viewer, report)}${driftOf(viewer, report)}
${warningsOf(viewer, report)}
${rejectedOf(viewer, report, groups)}
${detailsOf(viewer, report)}</div>`;
  return {
    title: `${report.run.pipeline_name ?? ''} · ${shortId(runId)}`,
    main,
    ...(running ? { events: `/events?run=${encodeURIComponent(runId)}`, reloadSeconds: 2 } : {}),
  };
}

function shortId(id: string | null): string {
  return id?.slice(0, 8) ?? '';
}

function statusOf({ run }: RunReport): 'success' | 'failed' | 'running' | 'skipped' {
  const { status } = run;
  return status === 'success' || status === 'failed' || status === 'skipped' ? status : 'running';
}

function heading(
  viewer: Viewer,
  report: RunReport,
  place: ExecutionPlace | undefined,
  alive: boolean | undefined,
): Html {
  const { format, now, words } = viewer;
  const { run } = report;
  const text = words.run;
  const kind = run.kind === null || run.kind === 'load' ? undefined : run.kind;
  const kindText = Object.entries(words.kinds).find(([name]) => name === kind)?.[1];
  const triggerText = Object.entries(text.triggers).find(([name]) => name === run.trigger)?.[1] ?? run.trigger ?? '';
  const seconds = run.execution_time_seconds === null ? undefined : Number(run.execution_time_seconds);
  const began = run.start_time ?? now.toISOString();
  const name = run.pipeline_name ?? '';
  return html`<nav class="path" aria-label="${words.shell.overview}"><a href="${links.overview}">${words.overview.title}</a><a href="${links.pipeline(name)}">${data(name, 80)}</a></nav>
<div class="head"><h1>${kindText ?? text.run} <code>${shortId(run.run_id)}</code></h1>${run.status === 'running' && alive !== true ? status('stopped', words.stopped) : statusWord(statusOf(report), words)}${run.closed_by === null || run.status !== 'success' ? nothing : html`<span class="tag">${words.pipeline.takenBack}</span>`}${actions(viewer, report)}</div>
<dl class="facts"><div><dt>${words.overview.pipeline}</dt><dd><a href="${links.pipeline(name)}">${data(name, 80)}</a> ${text.into} ${data(run.target_table ?? '', 80)}</dd></div>
<div><dt>${text.began}</dt><dd>${format.time(began)} <small><time datetime="${new Date(began).toISOString()}">${format.moment(began)}</time></small></dd></div>
<div><dt>${text.took}</dt><dd>${seconds === undefined ? html`${format.duration(Math.max(0, (now.getTime() - Date.parse(began)) / 1000))} <small>${text.soFar}</small>` : html`${measure('execution_time_seconds', seconds, format.duration(seconds))}`}</dd></div>
<div><dt>${text.trigger}</dt><dd>${triggerText}</dd></div>
${run.load_mode === null ? nothing : html`<div><dt>${text.mode}</dt><dd><code>${run.load_mode}</code></dd></div>`}
${run.of_run === null ? nothing : html`<div><dt>${text.ofRun}</dt><dd><a href="${links.run(run.of_run)}"><code>${shortId(run.of_run)}</code></a></dd></div>`}
${run.closed_by === null ? nothing : html`<div><dt>${text.closedBy}</dt><dd><a href="${links.run(run.closed_by)}"><code>${shortId(run.closed_by)}</code></a></dd></div>`}
<div><dt>${text.copy}</dt><dd><code class="command">etl show ${shortId(run.run_id)}</code></dd></div>${awsLinks(viewer, report, place)}</dl>
`;
}

/** Forms that preview what can be done about the run. */
function actions(viewer: Viewer, { rejected, run }: RunReport): Html {
  const { site, words } = viewer;
  const isLoad = run.kind === null || run.kind === 'load' || run.kind === 'replay';
  if (site.acts === undefined || run.run_id === null || run.closed_by !== null || !isLoad) return nothing;
  const open = rejected.reduce((sum, group) => sum + group.open, 0);
  const replay = run.status === 'success' && open > 0 && site.config().loaded !== undefined;
  const undo = run.status === 'success' && count(run.rows_inserted) > 0;
  const form = (path: string, label: string): Html => actForm(viewer, `${path}/preview`, nothing, label, 'plain');
  return html`<div class="acts">${replay ? form(replayPath(run.run_id), words.run.replay) : nothing}${undo ? form(undoPath(run.run_id), words.run.undo) : nothing}</div>`;
}

function failure(viewer: Viewer, { run }: RunReport): Html {
  const { words } = viewer;
  if (run.error_message === null || run.status === 'success') return nothing;
  const remedy = run.error_code === null ? undefined : remedyOfCode(viewer.language, run.error_code);
  const stage = Object.entries(words.run.stageNames).find(([name]) => name === run.stage)?.[1] ?? run.stage;
  const bad = run.status === 'failed';
  return html`<section class="card ${bad ? 'error' : 'quiet-card'}" aria-labelledby="error-title"><h2 id="error-title"><code>${run.error_code ?? ''}</code>${stage === null ? nothing : html` <span>${words.run.whereIn(stage)}</span>`}</h2>
<p class="message" lang="en">${data(run.error_message, 5_000)}</p>
${remedy === undefined ? nothing : remedyList(viewer, remedy)}</section>`;
}

function next({ format, words }: Viewer, { rejected, run }: RunReport): Html {
  const { steps } = words.run;
  const textOf: { readonly [K in NextStep['kind']]: (step: Extract<NextStep, { kind: K }>) => Html } = {
    closed: ({ by }) => html`${steps.closed(shortId(by))}`,
    go_on: ({ pipeline }) => html`${steps.go_on} <code class="command">etl run ${data(pipeline)}</code>`,
    put_right: ({ pipeline }) => html`${steps.put_right} <code class="command">etl run ${data(pipeline)}</code>`,
    open_rejected: ({ rows, run: id }) =>
      html`<a href="${links.rejected({ run: run.run_id ?? undefined })}">${measure('open_rejected', rows, steps.open_rejected(format.number(rows)))}</a> <code class="command">etl rejects ${id}</code>`,
    take_back: ({ run: id }) => html`${steps.take_back} <code class="command">etl undo ${id}</code>`,
  };
  const texts = nextSteps(run, rejected).map((step) => (textOf[step.kind] as (given: NextStep) => Html)(step));
  return html`<section class="next" aria-label="${words.run.whatNow}"><h2>${words.run.whatNow}</h2>${texts.length === 0 ? html`<p>${words.run.nothingToDo}</p>` : html`<ul>${texts.map((one) => html`<li>${one}</li>`)}</ul>`}</section>`;
}

const count = (value: string | null): number => Number(value ?? 0);

function rowsOf(viewer: Viewer, { run }: RunReport): Html {
  const { format, words } = viewer;
  const parts: FlowPart[] = [
    { kind: 'loaded', name: 'rows_loaded', rows: count(run.rows_loaded) },
    { kind: 'filtered', name: 'rows_filtered', rows: count(run.rows_filtered) },
    { kind: 'deduplicated', name: 'rows_deduplicated', rows: count(run.rows_deduplicated) },
    { kind: 'rejected', name: 'rows_rejected', rows: count(run.rows_rejected) },
  ];
  const sum = parts.reduce((all, { rows }) => all + rows, 0);
  const read = count(run.rows_read);
  const left = read - sum;
  const drawn: readonly FlowPart[] = left > 0 ? [...parts, { kind: 'left', name: 'rows_left', rows: left }] : parts;
  const text = words.run;
  const small = (name: string, value: string | null, label: string): Html =>
    html`<li>${number(format, name, count(value))} ${label}</li>`;
  const numbers = flow(viewer, { name: 'rows_read', rows: read, text: text.read }, drawn);
  if (read === 0 && count(run.rows_deleted) === 0) return numbers;
  return html`${numbers}
<ul class="split">${small('rows_inserted', run.rows_inserted, text.inserted)}${small('rows_updated', run.rows_updated, text.updated)}${small('rows_unchanged', run.rows_unchanged, text.unchanged)}${small('rows_deleted', run.rows_deleted, text.deleted)}</ul>`;
}

function stagesOf(viewer: Viewer, { details, run }: RunReport): Html {
  if (details === undefined || details.stages.length === 0)
    return html`<p class="empty">${viewer.words.run.noStages}</p>`;
  return stageTimes(viewer, details.stages, run.status === 'failed' ? run.stage : null);
}

function batchesOf({ format, words }: Viewer, { batches, run }: RunReport, landed: readonly LandedBatches[]): Html {
  const text = words.run;
  if (landed.length === 0) return html`<p class="empty">${text.noBatches}</p>`;
  const began = Date.parse(run.start_time ?? '') / 1000;
  let rows = 0;
  const points = landed.map(({ at, rows: some }) => {
    rows += some;
    return { x: Math.max(0, Date.parse(at) / 1000 - began), y: rows };
  });
  const chart = lineChart([{ x: 0, y: 0 }, ...points], 'area', {
    label: text.batchesLabel,
    yText: (value) => format.number(value),
    xText: (value) => format.duration(value),
  });
  return html`${chart}<p class="quiet">${number(format, 'batches', batches)} ${text.batchesCount} · ${number(format, 'batch_rows', rows)} ${text.batchesRows}</p>`;
}

function rulesOf({ format, words }: Viewer, { details }: RunReport): Html {
  const rules = details?.rules ?? [];
  if (rules.length === 0) return nothing;
  const text = words.run;
  const rows = rules.map(
    ({ number: place, rows_filtered: filtered, rows_rejected: rejected, text: rule, type }) =>
      html`<tr data-rule="${place}"><td class="right">${number(format, 'rule', place)}</td><th scope="row"><code>${type}</code> <code>${data(rule, 300)}</code></th><td class="right">${number(format, 'rule_filtered', filtered)}</td><td class="right${rejected > 0 ? ' warn' : ''}">${number(format, 'rule_rejected', rejected)}</td></tr>`,
  );
  return html`<section class="card" id="rules"><h2>${text.rules}</h2><table class="list"><thead><tr><th scope="col" class="right">#</th><th scope="col">${text.rule}</th><th scope="col" class="right">${text.filtered}</th><th scope="col" class="right">${text.rejected}</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

function driftOf({ words }: Viewer, { drift }: RunReport): Html {
  if (drift.length === 0) return nothing;
  return html`<section class="card" id="drift"><h2>${words.run.drift}</h2>${driftList(words, drift)}</section>`;
}

function warningsOf(viewer: Viewer, { run }: RunReport): Html {
  const warnings = run.warnings?.split('\n') ?? [];
  if (warnings.length === 0) return nothing;
  return html`<section class="card warnings" id="warnings"><h2>${viewer.words.run.warnings} <small>${number(viewer.format, 'warnings', warnings.length)}</small></h2>${warningList(viewer, warnings)}</section>`;
}

function rejectedOf(viewer: Viewer, { run }: RunReport, groups: readonly ShownGroup[]): Html {
  const { words } = viewer;
  const runId = run.run_id ?? undefined;
  return html`<section class="card" id="rejected"><h2>${words.run.rejectedRows}</h2>${
    groups.length === 0
      ? html`<p class="empty">${words.run.noRejected}</p>`
      : html`${rejectedGroups(viewer, groups, { run: runId, all: true })}<p><a href="${links.rejected({ run: runId })}">${words.run.showAll}</a></p>`
  }</section>`;
}

function detailsOf(viewer: Viewer, { details, run }: RunReport): Html {
  const { format, words } = viewer;
  const text = words.run;
  const more = [
    [text.verified, run.verified === null ? null : data(run.verified, 200)],
    [
      text.bytesRead,
      run.bytes_read === null
        ? null
        : measure('bytes_read', count(run.bytes_read), format.bytes(count(run.bytes_read))),
    ],
    [
      text.retries,
      run.conflict_retries === null ? null : number(format, 'conflict_retries', count(run.conflict_retries)),
    ],
    [
      text.already,
      details === undefined || details.already_loaded_rows === 0
        ? null
        : number(format, 'already_loaded_rows', details.already_loaded_rows),
    ],
    [text.fingerprint, run.source_fingerprint === null ? null : data(run.source_fingerprint, 200)],
  ] as const;
  const facts = more.flatMap(([name, value]) =>
    value === null ? [] : [html`<div><dt>${name}</dt><dd>${value}</dd></div>`],
  );
  const fold = (id: string, title: string, size: number, content: Html): Html =>
    size === 0
      ? nothing
      : html`<details class="card" id="${id}"><summary><h2>${title} <small>${number(format, id, size)}</small></h2></summary>${content}</details>`;
  return html`${
    details === undefined
      ? nothing
      : html`${fold('columns', text.columns, details.columns.length, columnTable(viewer, details))}
${fold('ddl', text.ddl, details.ddl.length, html`<pre tabindex="0"><code>${details.ddl.map((one) => `${one};`).join('\n\n')}</code></pre>`)}
${fold('sources', text.sources, details.sources_total, sourceList(viewer, details))}`
  }
${facts.length === 0 ? nothing : html`<details class="card" id="more"><summary><h2>${text.more}</h2></summary><dl class="facts">${facts}</dl></details>`}`;
}
