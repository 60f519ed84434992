import { html } from 'hono/html';
import type { Preview, RowChange } from '../../preview/preview.ts';
import { data, type Html, nothing, shownText } from '../html.ts';
import { number } from '../parts/number.ts';
import { warningList } from '../parts/warning-list.ts';
import type { Viewer } from '../site.ts';

/** What a run would do, in words and numbers. */
export function previewOf(viewer: Viewer, preview: Preview): Html {
  const { format, words } = viewer;
  const text = words.act;
  const { outcome } = preview;
  const says = { load: text.wouldLoad, skip: text.wouldSkip, fail: text.wouldFail }[outcome.status];
  return html`<section class="card${outcome.status === 'fail' ? ' error' : ''}" id="outcome"><h2>${says}</h2>
${outcome.status === 'load' ? nothing : html`<p class="message" lang="en">${data(outcome.message, 3_000)}</p>`}
${outcome.status === 'load' ? countsOf(viewer, preview) : nothing}
${preview.rows_limit === null ? nothing : html`<p class="quiet">${text.firstRows(format.number(preview.rows_limit))}</p>`}</section>
${list(text.unknowns, preview.writes?.unknown ?? [])}${preview.warnings.length === 0 ? nothing : html`<section class="card warnings"><h2>${words.run.warnings}</h2>${warningList(viewer, preview.warnings)}</section>`}
${changesOf(viewer, preview.writes?.updates ?? [])}${deletionsOf(viewer, preview.writes?.deletions ?? [])}
${rejectionsOf(viewer, preview)}
${preview.ddl.length === 0 ? nothing : html`<section class="card"><h2>${text.ddl}</h2><pre tabindex="0"><code>${preview.ddl.map((one) => `${one};`).join('\n\n')}</code></pre></section>`}
${sampleOf(viewer, preview)}`;
}

function countsOf({ format, words }: Viewer, { counts, writes }: Preview): Html {
  const text = words.act;
  const one = (name: string, rows: number | null | undefined, label: string, kind = ''): Html =>
    html`<li class="${rows === 0 || rows === null || rows === undefined ? '' : kind}"><b>${rows === null || rows === undefined ? text.unknown : number(format, `would_${name}`, rows)}</b> <span>${label}</span></li>`;
  const rejected = counts.rows_rejected + (writes?.rows_rejected ?? 0);
  return html`<ul class="numbers">${one('insert', writes?.rows_inserted, text.inserted)}${one('update', writes?.rows_updated, text.updated)}${one('leave', writes?.rows_unchanged, text.unchanged)}${one('delete', writes?.rows_deleted, text.deleted, 'bad')}${one('reject', rejected, text.rejected, 'warn')}${one('filter', counts.rows_filtered, text.filtered)}${one('deduplicate', counts.rows_deduplicated, text.deduplicated)}</ul>`;
}

function list(title: string, lines: readonly string[]): Html {
  if (lines.length === 0) return nothing;
  return html`<section class="card warnings"><h2>${title}</h2><ul lang="en">${lines.map((line) => html`<li>${data(line, 2_000)}</li>`)}</ul></section>`;
}

function changesOf({ words }: Viewer, updates: readonly RowChange[]): Html {
  if (updates.length === 0) return nothing;
  const text = words.act;
  const rows = updates.flatMap(({ columns, key }) =>
    Object.entries(columns).map(
      ([name, { after, before }], index, all) =>
        html`<tr${index === 0 ? nothing : html` class="same"`}>${index === 0 ? html`<th scope="rowgroup" rowspan="${all.length}">${keyText(key)}</th>` : nothing}<td><code>${data(name, 80)}</code></td><td>${value(before)}</td><td>${value(after)}</td></tr>`,
    ),
  );
  return html`<section class="card"><h2>${text.changes}</h2><div class="scroll" tabindex="0" role="region" aria-label="${text.changes}"><table class="list changed"><thead><tr><th scope="col">${words.pipeline.key}</th><th scope="col">${words.pipeline.column}</th><th scope="col">${text.before}</th><th scope="col">${text.after}</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

function deletionsOf({ words }: Viewer, keys: readonly Readonly<Record<string, string>>[]): Html {
  if (keys.length === 0) return nothing;
  return html`<section class="card"><h2>${words.act.deletions}</h2><ul>${keys.map((key) => html`<li>${keyText(key)}</li>`)}</ul></section>`;
}

function rejectionsOf({ format, words }: Viewer, { rejections }: Preview): Html {
  if (rejections.length === 0) return nothing;
  const rows = rejections.map(
    ({ column_name: column, reason, row_number: row, rows: count, source }) =>
      html`<tr><th scope="row">${column === null ? nothing : html`<code>${data(column, 80)}</code> `}<span lang="en">${data(reason, 300)}</span><span class="sub">${data(source, 120)}${row === null ? nothing : `:${row}`}</span></th><td class="right">${number(format, 'would_reject_for', count)}</td></tr>`,
  );
  return html`<section class="card"><h2>${words.act.rejections}</h2><table class="list"><tbody>${rows}</tbody></table></section>`;
}

function sampleOf({ words }: Viewer, { columns, sample }: Preview): Html {
  const text = words.act;
  const names = columns.flatMap(({ name, state }) => (state === 'gone' ? [] : [name]));
  if (sample.length === 0) return nothing;
  const rows = sample.map((row) => html`<tr>${names.map((name) => html`<td>${value(row[name] ?? null)}</td>`)}</tr>`);
  return html`<section class="card"><h2>${text.sample}</h2><div class="scroll" tabindex="0" role="region" aria-label="${text.sample}"><table class="list grid"><thead><tr>${names.map((name) => html`<th scope="col">${data(name, 80)}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

function value(text: string | null): Html {
  return text === null ? html`<span class="null">NULL</span>` : data(text, 160);
}

function keyText(key: Readonly<Record<string, string | null>>): string {
  return shownText(
    Object.entries(key)
      .map(([name, text]) => `${name} ${text ?? 'NULL'}`)
      .join(', '),
    160,
  );
}
