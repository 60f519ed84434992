import { html } from 'hono/html';
import type { Statements } from '../../dsql/sql.ts';
import { countRejected, type KeptRow, type RejectedChoice, sampleRejected } from '../../state/rejected-rows.ts';
import { data, type Html, nothing, shownText } from '../html.ts';
import { links, withQuery } from '../links.ts';
import { number } from '../parts/number.ts';
import { placeOf, rejectedGroups, type ShownGroup, valueText } from '../parts/rejected-groups.ts';
import { offsetOf, pager } from '../parts/run-table.ts';
import type { View, Viewer } from '../site.ts';

/** Reasons that are listed, and those of them that have samples. */
const listedReasons = 200;
const sampledReasons = 20;
const samplesOfEach = 3;
/** Rows of a page. */
const pageRows = 50;
/** Characters of a row that are shown when it is opened. */
const wholeCharacters = 20_000;

/** Rejected rows of all pipelines, of one, or of a run, by reason. */
export async function rejectedView(viewer: Viewer, sql: Statements | undefined): Promise<View> {
  const { url, words } = viewer;
  const text = words.rejected;
  const of = chosen(url);
  const counts = sql === undefined ? [] : await countRejected(sql, of);
  const groups: ShownGroup[] = [];
  for (const [index, group] of counts.slice(0, listedReasons).entries()) {
    const samples =
      sql === undefined || index >= sampledReasons ? [] : await sampleRejected(sql, of, group, samplesOfEach);
    groups.push({ ...group, samples });
  }
  const rows = counts.reduce((sum, group) => sum + group.rows, 0);
  const main = html`<div class="wide">${path(viewer, of)}<div class="head"><h1>${text.title}</h1>${rows === 0 ? nothing : number(viewer.format, 'rejected_rows', rows)}</div>
<p class="quiet lead">${text.text}</p>
<div class="tools">${about(viewer, of)}<p class="switch">${choice(viewer, false, of.all !== true)}${choice(viewer, true, of.all === true)}</p></div>
<section class="card" aria-label="${text.title}">${groups.length === 0 ? html`<p class="empty">${of.all === true ? text.none : text.noneOpen}</p>` : rejectedGroups(viewer, groups, { run: of.runId, all: of.all })}</section></div>`;
  return { title: text.title, main };
}

function chosen(url: URL): RejectedChoice {
  const value = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  return { runId: value('run'), pipelineName: value('pipeline'), all: value('all') === '1' };
}

function choice({ url, words }: Viewer, all: boolean, current: boolean): Html {
  const { searchParams } = url;
  const href = withQuery('/rejected', {
    run: searchParams.get('run') ?? undefined,
    pipeline: searchParams.get('pipeline') ?? undefined,
    all: all ? '1' : undefined,
  });
  return html`<a href="${href}"${current ? html` aria-current="true"` : nothing}>${all ? words.rejected.all : words.rejected.openOnly}</a>`;
}

function about({ words }: Viewer, { pipelineName, runId }: RejectedChoice): Html {
  const command = runId?.slice(0, 8) ?? pipelineName;
  return html`<p class="quiet">${words.rejected.export} <code class="command">etl rejects${command === undefined ? '' : ` ${command}`} --export rows.csv</code></p>`;
}

function path({ words }: Viewer, { pipelineName, runId }: RejectedChoice): Html {
  if (pipelineName === undefined && runId === undefined) return nothing;
  return html`<nav class="path" aria-label="${words.shell.overview}"><a href="${links.overview}">${words.overview.title}</a>${pipelineName === undefined ? nothing : html`<a href="${links.pipeline(pipelineName)}">${data(pipelineName, 80)}</a>`}${runId === undefined ? nothing : html`<a href="${links.run(runId)}">${words.run.run} <code>${runId.slice(0, 8)}</code></a>`}</nav>`;
}

/** The rows of one reason. */
export async function rejectedRowsView(viewer: Viewer, sql: Statements): Promise<View> {
  const { format, url, words } = viewer;
  const text = words.rejected;
  const of = chosen(url);
  const reason = url.searchParams.get('reason') ?? '';
  const column = url.searchParams.get('column');
  const group = { pipeline_name: of.pipelineName ?? '', column_name: column, reason };
  const counted = (await countRejected(sql, of)).find((one) => one.reason === reason && one.column_name === column);
  const total = counted?.rows ?? 0;
  const offset = offsetOf(url);
  const rows = await sampleRejected(sql, of, group, pageRows, offset);
  const main = html`<div class="wide"><nav class="path" aria-label="${words.shell.overview}"><a href="${links.rejected({ run: of.runId, pipeline: of.pipelineName })}">${text.back}</a></nav>
<div class="head"><h1>${column === null ? nothing : html`<code>${data(column, 80)}</code> `}<span lang="en">${data(reason, 300)}</span></h1></div>
<dl class="facts"><div><dt>${text.pipeline}</dt><dd><a href="${links.pipeline(group.pipeline_name)}">${data(group.pipeline_name, 80)}</a></dd></div><div><dt>${text.rows}</dt><dd>${number(format, 'rejected', total)}</dd></div><div><dt>${text.open}</dt><dd>${number(format, 'open', counted?.open ?? 0)}</dd></div></dl>
<section class="card" aria-label="${text.rows}">${rows.length === 0 ? html`<p class="empty">${text.none}</p>` : html`${rowTable(viewer, rows)}${pager(viewer, { limit: pageRows, offset, total })}`}</section></div>`;
  return { title: text.title, main };
}

function rowTable({ words }: Viewer, rows: readonly KeptRow[]): Html {
  const text = words.rejected;
  const lines = rows.map(
    (row) =>
      html`<tr data-row="${row.id}"><th scope="row">${placeOf(row, text.noPlace)}<span class="sub"><a href="${links.run(row.run_id)}"><code>${row.run_id.slice(0, 8)}</code></a></span></th><td><code>${data(valueText(row), 200)}</code></td><td><details><summary><code>${data(row.row, 90)}</code></summary><pre tabindex="0"><code>${shownText(pretty(row.row), wholeCharacters)}</code></pre></details></td></tr>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${text.rows}"><table class="list rows"><thead><tr><th scope="col">${text.place}</th><th scope="col">${text.value}</th><th scope="col">${text.row}</th></tr></thead><tbody>${lines}</tbody></table></div>`;
}

/** JSON with a line for each member; its numbers keep all their digits, because the database has laid it out as text. */
function pretty(json: string): string {
  return json.replace(/(?<=^\{)|(?<=[^\\]", )(?="[^"]*": )|(?<=[\dle\]}], )(?="[^"]*": )/g, '\n  ');
}
