import { html } from 'hono/html';
import type { ColumnDrift } from '../../report/column-drift.ts';
import { data, type Html } from '../html.ts';
import type { Words } from '../words/words.ts';

/** Columns that came, went or changed their type. */
export function driftList({ pipeline: text }: Words, drift: readonly ColumnDrift[]): Html {
  const kindOf = ({ after, before }: ColumnDrift): string =>
    before === null ? text.added : after === null ? text.removed : text.changed;
  const typesOf = ({ after, before }: ColumnDrift): string => [before, after].filter((one) => one !== null).join(' → ');
  return html`<ul class="changes">${drift.map((one) => html`<li><span class="tag">${kindOf(one)}</span> <code>${data(one.column, 80)}</code> ${typesOf(one)}</li>`)}</ul>`;
}
