import { html } from 'hono/html';
import { stages } from '../../run/result.ts';
import type { Html } from '../html.ts';
import type { Viewer } from '../site.ts';

/** How far a run is, as an act or the run's lease tells it. */
export interface ShownProgress {
  readonly stage: string;
  readonly rows?: number | undefined;
  readonly of?: number | undefined;
}

/** The stages with the one that is at work, and its rows. */
export function progressOf(
  { format, words }: Pick<Viewer, 'format' | 'words'>,
  progress: ShownProgress | undefined,
): Html {
  const at = stages.findIndex((stage) => stage === progress?.stage);
  const steps = stages.map(
    (stage, index) =>
      html`<li class="${index < at ? 'past' : index === at ? 'now' : ''}" data-stage="${stage}"${index === at ? html` aria-current="step"` : ''}>${words.run.stageNames[stage]}</li>`,
  );
  const of = progress?.of;
  const rows = progress?.rows ?? 0;
  return html`<ol class="steps">${steps}</ol>${
    of === undefined || of === 0
      ? html`<p class="quiet">${rows > 0 ? words.act.rows(format.number(rows)) : ''}</p>`
      : html`<progress max="${of}" value="${rows}" aria-label="${words.act.rowsOf(format.number(rows), format.number(of))}"></progress><p class="quiet">${words.act.rowsOf(format.number(rows), format.number(of))}</p>`
  }`;
}
