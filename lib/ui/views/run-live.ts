import { html } from 'hono/html';
import type { LandedBatches } from '../../state/run-series.ts';
import type { RunSigns } from '../../state/run-signs.ts';
import type { Html } from '../html.ts';
import { flow } from '../parts/flow.ts';
import { number } from '../parts/number.ts';
import { progressOf, type ShownProgress } from '../parts/progress.ts';
import type { Viewer } from '../site.ts';

/** How far a run that has not ended is, or why that is not known. @param signs  undefined where nobody is at work on it */
export function liveCard(viewer: Viewer, landed: readonly LandedBatches[], signs: RunSigns | undefined): Html {
  const { format, words } = viewer;
  const text = words.run;
  if (signs?.alive !== true) {
    return html`<section class="card live gone" role="status"><p>${text.gone}</p><p class="quiet">${signs === undefined ? text.goneUnseen : html`${text.goneSeen} ${format.time(signs.seen)}`}</p></section>`;
  }
  const act = actProgress(viewer, signs);
  const told = act ?? signs.progress;
  const rows = told?.stage === 'load' ? Math.max(told.rows ?? 0, rowsOf(landed)) : told?.rows;
  const progress = told === undefined ? undefined : { ...told, rows };
  return html`<section class="card live"><p>${text.live}</p>${
    progress === undefined
      ? html`<p class="quiet">${text.stageUnknown}</p>`
      : html`${progressOf(viewer, progress)}${act === undefined ? html`<p class="quiet">${text.toldAt} ${format.time(signs.seen)}</p>` : ''}`
  }</section>`;
}

function rowsOf(landed: readonly LandedBatches[]): number {
  return landed.reduce((sum, { rows }) => sum + rows, 0);
}

/** What an act of this page tells of the run, at once and of every stage; undefined where another process runs it. */
export function actProgress({ site }: Viewer, signs: RunSigns | undefined): ShownProgress | undefined {
  return signs?.pid === undefined ? undefined : site.acts?.inProcess(signs.pid)?.progress;
}

/** What has landed of a run that has not ended: of what is to be loaded, where that is known. */
export function liveRows(viewer: Viewer, landed: readonly LandedBatches[], signs: RunSigns | undefined): Html {
  const { format, words } = viewer;
  const text = words.run;
  const loaded = rowsOf(landed);
  const progress = actProgress(viewer, signs) ?? signs?.progress;
  const toLoad = progress?.stage === 'load' ? progress.of : undefined;
  if (toLoad === undefined || toLoad < loaded) {
    return html`<p class="message">${number(format, 'rows_loaded', loaded)} ${text.landedSoFar}</p><p class="quiet">${text.readUnknown}</p>`;
  }
  return flow(viewer, { name: 'rows_to_load', rows: toLoad, text: text.toLoad }, [
    { kind: 'loaded', name: 'rows_loaded', rows: loaded },
    { kind: 'left', name: 'rows_left', rows: toLoad - loaded },
  ]);
}
