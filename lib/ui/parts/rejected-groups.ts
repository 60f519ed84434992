import { html } from 'hono/html';
import type { KeptRow, RejectedGroupCount } from '../../state/rejected-rows.ts';
import { data, type Html, nothing, shownText } from '../html.ts';
import { links } from '../links.ts';
import type { Viewer } from '../site.ts';
import { number } from './number.ts';

/** Rejected rows of one reason, with some of them. */
export interface ShownGroup extends RejectedGroupCount {
  readonly samples: readonly KeptRow[];
}

/** Characters of a sample's value. */
const sampleCharacters = 120;

/** The reasons for which rows were rejected, the most frequent first. */
export function rejectedGroups(
  { format, words }: Viewer,
  groups: readonly ShownGroup[],
  of: { readonly run?: string | undefined; readonly all?: boolean | undefined },
): Html {
  const text = words.rejected;
  const rows = groups.map((group) => {
    const href = links.group({
      run: of.run,
      pipeline: group.pipeline_name,
      column: group.column_name ?? undefined,
      reason: group.reason,
      ...(of.all === true ? { all: '1' } : {}),
    });
    return html`<tr data-reason="${shownText(group.reason, 200)}"><th scope="row"><a href="${href}">${group.column_name === null ? nothing : html`<code>${data(group.column_name, 80)}</code> `}<span lang="en">${data(group.reason, 300)}</span></a>
${of.run === undefined ? html`<span class="sub"><a href="${links.pipeline(group.pipeline_name)}">${data(group.pipeline_name, 80)}</a> · ${format.time(group.last)}</span>` : nothing}
${group.samples.length === 0 ? nothing : html`<ul class="samples">${group.samples.map((sample) => html`<li><span class="place">${placeOf(sample, text.noPlace)}</span> <code>${data(valueText(sample), sampleCharacters)}</code></li>`)}</ul>`}</th>
<td class="right" data-label="${text.rows}">${number(format, 'rejected', group.rows)}</td><td class="right${group.open > 0 ? ' warn' : ''}" data-label="${text.open}">${number(format, 'open', group.open)}</td></tr>`;
  });
  return html`<table class="list rejected"><thead><tr><th scope="col">${text.reason}</th><th scope="col" class="right">${text.rows}</th><th scope="col" class="right">${text.open}</th></tr></thead><tbody>${rows}</tbody></table>`;
}

/** Where a rejected row was. */
export function placeOf({ row_number: row, source }: KeptRow, unknown: string): Html {
  return source === null ? html`${unknown}` : html`${data(source, 120)}${row === null ? nothing : `:${row}`}`;
}

/** The value that was at fault, where one column is; else the row. */
export function valueText({ column_name: column, row }: KeptRow): string {
  const parsed: unknown = JSON.parse(row);
  if (column === null || typeof parsed !== 'object' || parsed === null || !Object.hasOwn(parsed, column)) return row;
  return JSON.stringify(Object.entries(parsed).find(([name]) => name === column)?.[1]) ?? 'null';
}
