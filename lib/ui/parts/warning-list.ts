import { html } from 'hono/html';
import { warningRemedies } from '../../report/remedies/remedies.ts';
import { warningKindOf } from '../../report/warning-kinds.ts';
import { data, type Html, nothing } from '../html.ts';
import type { Viewer } from '../site.ts';
import { codeText } from './code-text.ts';

/** Warnings in their own words, those of one kind together, with what each kind means and what to do. */
export function warningList({ language, words }: Viewer, warnings: readonly string[]): Html {
  const kinds = [...new Set(warnings.map(warningKindOf))];
  const groups = kinds.map((kind) => {
    const remedy = kind === undefined ? undefined : warningRemedies[language][kind];
    const lines = warnings.filter((one) => warningKindOf(one) === kind);
    return html`<li data-warning="${kind ?? ''}"><ul lang="en">${lines.map((one) => html`<li>${data(one, 2_000)}</li>`)}</ul>${
      remedy === undefined
        ? nothing
        : html`<p class="quiet">${codeText(remedy.means)} <b>${words.run.whatNow}:</b> ${codeText(remedy.todo)}</p>`
    }</li>`;
  });
  return html`<ul class="warning-kinds">${groups}</ul>`;
}
