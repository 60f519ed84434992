import { html } from 'hono/html';
import type { RunDetails } from '../../run/run-details.ts';
import { data, type Html, nothing } from '../html.ts';
import type { Viewer } from '../site.ts';

/** The columns that a run had, each with its type and what it was told by. */
export function columnTable(
  { words }: Viewer,
  { columns, key_columns: keys }: Pick<RunDetails, 'columns' | 'key_columns'>,
): Html {
  const text = words.pipeline;
  const rows = columns.map(
    ({ evidence, name, source_name: source, type }) =>
      html`<tr><th scope="row">${data(name, 80)}${keys.includes(name) ? html` <span class="tag">${text.key}</span>` : nothing}${source === undefined || source === name ? nothing : html`<span class="sub">${text.from(source)}</span>`}</th><td><code>${type}</code></td><td class="wide-text" lang="en">${evidence === undefined ? nothing : data(evidence, 400)}</td></tr>`,
  );
  return html`<table class="list columns"><thead><tr><th scope="col">${text.column}</th><th scope="col">${text.type}</th><th scope="col">${text.evidence}</th></tr></thead><tbody>${rows}</tbody></table>`;
}
