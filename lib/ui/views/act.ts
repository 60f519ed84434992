import { html } from 'hono/html';
import { remedyOfCode } from '../../report/remedies/remedies.ts';
import type { Act, ActDemand, ActOutcome } from '../acts/act.ts';
import { data, type Html, nothing } from '../html.ts';
import { links } from '../links.ts';
import { actForm, replayPath, runPath, undoPath } from '../parts/act-form.ts';
import { number } from '../parts/number.ts';
import { progressOf } from '../parts/progress.ts';
import { remedyList } from '../parts/remedy.ts';
import type { View, Viewer } from '../site.ts';
import { previewOf } from './preview.ts';

/** An act: how far it is, then what it would do or has done, and after a preview the confirmation. @param underWay  the run that it is in the log as */
export function actView(viewer: Viewer, act: Act, underWay: string | undefined): View {
  const { words } = viewer;
  const { demand, outcome } = act;
  const isPreview = demand.kind.startsWith('preview_');
  const what = titleOf(viewer, demand);
  const main = html`<div class="wide act"><nav class="path" aria-label="${words.shell.overview}"><a href="${links.overview}">${words.overview.title}</a><a href="${links.pipeline(demand.pipeline)}">${data(demand.pipeline, 80)}</a>${'run' in demand ? html`<a href="${links.run(demand.run)}">${words.run.run} <code>${demand.run.slice(0, 8)}</code></a>` : nothing}</nav>
<div class="head"><h1>${isPreview ? html`${words.act.preview}: ` : nothing}${what}</h1></div>
${outcome === undefined ? working(viewer, act, underWay) : ended(viewer, demand, outcome)}</div>`;
  return {
    title: `${words.act.preview} · ${demand.pipeline}`,
    main,
    ...(outcome === undefined ? { events: `/events?act=${encodeURIComponent(act.id)}`, reloadSeconds: 2 } : {}),
  };
}

function titleOf({ words }: Viewer, demand: ActDemand): Html {
  const word = { run: words.act.run, replay: words.act.replay, undo: words.act.undo };
  const kind = demand.kind.replace('preview_', '');
  const verb = kind === 'run' ? word.run : kind === 'replay' ? word.replay : word.undo;
  return html`${verb} ${data(demand.pipeline, 80)}`;
}

function working(
  { format, site, words }: Viewer,
  { demand, progress, state }: Act,
  underWay: string | undefined,
): Html {
  const text = words.act;
  const looks = demand.kind.startsWith('preview_');
  return html`<section class="card" aria-live="polite"><h2>${state === 'waiting' ? text.busy : looks ? text.looking : text.working}</h2>${progressOf({ format, words }, progress)}
${underWay === undefined || site.acts === undefined ? nothing : html`<p><a href="${links.run(underWay)}">${text.follow} <code>${underWay.slice(0, 8)}</code></a></p>`}</section>`;
}

function ended(viewer: Viewer, demand: ActDemand, outcome: ActOutcome): Html {
  const { format, words } = viewer;
  const text = words.act;
  switch (outcome.kind) {
    case 'preview_run':
      return html`${confirmRun(viewer, demand, outcome.preview)}${previewOf(viewer, outcome.preview)}`;
    case 'preview_replay':
      return confirmReplay(viewer, demand, outcome.replay);
    case 'preview_undo': {
      const { pipeline, rows, run, table } = outcome.undo;
      const count = format.number(rows);
      return html`<section class="card"><p class="message">${text.undoText(run.slice(0, 8), pipeline, count, table)}</p>${actForm(viewer, undoPath(run), html`<input type="hidden" name="rows" value="${rows}"><label class="check"><input type="checkbox" name="sure" value="${table}" required> <span>${text.sure(count, table)}</span></label>`, text.confirmUndo(count, table), 'danger', links.run(run))}</section>`;
    }
    case 'run':
      return resultOf(viewer, outcome.result);
    case 'replay':
      return outcome.result === undefined
        ? html`<section class="card"><p>${text.nothingToReplay}</p></section>`
        : resultOf(viewer, outcome.result);
    case 'undo': {
      const { result } = outcome;
      return html`<section class="card"><h2>${text.done}</h2><p class="message">${number(format, 'rows_deleted', result.rows_deleted)} · ${text.undone(format.number(result.rows_deleted), result.target_table)}</p><p><a href="${links.run(result.run_id)}">${text.seeRun} <code>${result.run_id.slice(0, 8)}</code></a></p></section>`;
    }
    case 'failed':
      return failed(viewer, outcome);
  }
}

function confirmRun(
  viewer: Viewer,
  demand: ActDemand,
  preview: Extract<ActOutcome, { kind: 'preview_run' }>['preview'],
): Html {
  const { words } = viewer;
  const text = words.act;
  const again = demand.kind === 'preview_run' && demand.again;
  const path = runPath(demand.pipeline);
  const name = html`<input type="hidden" name="confirmed" value="${demand.pipeline}">`;
  const look = (fields: Html, label: string): Html => actForm(viewer, `${path}/preview`, fields, label, 'plain');
  const more =
    preview.rows_limit === null
      ? nothing
      : look(
          html`<input type="hidden" name="rows" value="all">${again ? html`<input type="hidden" name="again" value="1">` : nothing}`,
          text.allRows,
        );
  const { outcome } = preview;
  if (outcome.status === 'fail') return more;
  if (outcome.status === 'skip') return look(html`<input type="hidden" name="again" value="1">`, text.again);
  return html`<div class="confirm">${actForm(viewer, path, html`${name}${again ? html`<input type="hidden" name="again" value="1">` : nothing}`, text.confirmRun(demand.pipeline, preview.target_table), 'primary', links.pipeline(demand.pipeline))}${more}</div>`;
}

function confirmReplay(
  viewer: Viewer,
  demand: ActDemand,
  replay: Extract<ActOutcome, { kind: 'preview_replay' }>['replay'],
): Html {
  const { format, words } = viewer;
  const text = words.act;
  const run = 'run' in demand ? demand.run : '';
  const left = replay.left.map(
    ([why, rows]) => html`<p class="notice warn">${text.notReplayed(format.number(rows), why)}</p>`,
  );
  if (replay.preview === undefined)
    return html`${left}<section class="card"><p>${text.nothingToReplay}</p><p><code class="command">etl rejects ${run.slice(0, 8)} --export rows.csv</code></p></section>`;
  const confirm = actForm(
    viewer,
    replayPath(run),
    html`<input type="hidden" name="confirmed" value="${demand.pipeline}">`,
    text.confirmReplay(format.number(replay.rows), run.slice(0, 8)),
    'primary',
    links.run(run),
  );
  return html`<div class="confirm">${replay.preview.outcome.status === 'fail' ? nothing : confirm}</div>${left}${previewOf(viewer, replay.preview)}`;
}

function resultOf(viewer: Viewer, result: Extract<ActOutcome, { kind: 'run' }>['result']): Html {
  const { format, words } = viewer;
  const text = words.act;
  if (result.status === 'failed') {
    return html`${failed(viewer, { code: result.error_code ?? 'unexpected', message: result.error_message ?? '' })}${seeRun(viewer, result.run_id)}`;
  }
  const says =
    result.status === 'skipped'
      ? html`${text.skipped} <span lang="en">${data(result.error_message ?? '', 1_000)}</span>`
      : html`${text.result(format.number(result.rows_loaded), format.number(result.rows_rejected))}`;
  return html`<section class="card"><h2>${text.done}</h2><p class="message">${says}</p>${seeRun(viewer, result.run_id)}</section>`;
}

function seeRun({ words }: Viewer, runId: string): Html {
  return html`<p><a href="${links.run(runId)}">${words.act.seeRun} <code>${runId.slice(0, 8)}</code></a></p>`;
}

function failed(viewer: Viewer, { code, message }: { readonly code: string; readonly message: string }): Html {
  const remedy = remedyOfCode(viewer.language, code);
  return html`<section class="card error" role="alert"><h2>${viewer.words.act.failed} <code>${code}</code></h2><p class="message" lang="en">${data(message, 5_000)}</p>${remedy === undefined ? nothing : remedyList(viewer, remedy)}</section>`;
}
