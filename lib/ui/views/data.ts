import { html } from 'hono/html';
import { classifyFailure } from '../../dsql/failure.ts';
import { parseTableName, quoteIdentifier } from '../../dsql/identifier.ts';
import { valueText } from '../../dsql/json-rows.ts';
import { listTables } from '../../state/table-list.ts';
import { data, type Html, nothing, shownText } from '../html.ts';
import { links } from '../links.ts';
import { measure } from '../parts/number.ts';
import { reading } from '../reading.ts';
import type { View, Viewer } from '../site.ts';

/** Rows that are shown. */
const firstRows = 100;
/** Characters of a cell. */
const cellCharacters = 160;

/** The rows of a statement, or why the database refused it. */
type Answer =
  | {
      readonly kind: 'rows';
      readonly columns: readonly { readonly name: string; readonly type: number }[];
      readonly rows: readonly (readonly unknown[])[];
      readonly more: boolean;
    }
  | { readonly kind: 'refused'; readonly text: string };

/** Tables, and the first rows of one or of a query. */
export async function dataView(
  viewer: Viewer,
  asked: { readonly table?: string | undefined; readonly query?: string | undefined },
): Promise<View> {
  const { format, site, words } = viewer;
  const text = words.data;
  const tables = await reading(site.target, listTables);
  const known = tables.some(({ name }) => name === asked.table);
  const query =
    asked.query ?? (asked.table !== undefined && known ? `SELECT * FROM ${quotedName(asked.table)}` : undefined);
  const answer = query === undefined || query.trim() === '' ? undefined : await ask(viewer, query);
  const list = tables.map(
    ({ columns, name, service }) =>
      html`<li data-table="${name}"><a href="${links.table(name)}"${name === asked.table ? html` aria-current="true"` : nothing}>${data(name, 80)}</a> <small>${measure('columns', columns, text.columns(format.number(columns)))}${service ? `, ${text.service}` : ''}</small></li>`,
  );
  const main = html`<div class="wide"><div class="head"><h1>${asked.table === undefined ? text.title : data(asked.table, 80)}</h1></div><p class="quiet lead">${text.text}</p>
<div class="data"><section class="card tables" aria-labelledby="tables"><h2 id="tables">${text.tables}</h2>${tables.length === 0 ? html`<p class="empty">${text.noTables}</p>` : html`<ul>${list}</ul>`}</section>
<div><form class="card query" method="post" action="${links.query}"><label class="block"><span>${text.query}</span><textarea class="sql" name="query" id="query" spellcheck="false" autocapitalize="off" autocomplete="off">${query ?? ''}</textarea></label><input type="hidden" name="csrf" value="${viewer.csrf}"><button type="submit" class="primary">${text.run}</button></form>
${answer === undefined ? nothing : answerCard(viewer, answer)}</div></div></div>`;
  return {
    title: asked.table ?? text.title,
    main,
    ...(asked.table !== undefined && !known ? { status: 404 as const } : {}),
  };
}

function quotedName(name: string): string {
  const { schema, table } = parseTableName(name);
  return schema === 'public' ? quoteIdentifier(table) : `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
}

/**
 * Runs one statement in a transaction that only reads. It stands as a part of another one, so that it can be nothing but
 * a query, and no more rows come than are shown; a second statement behind it is refused by the database.
 */
async function ask({ site }: Viewer, query: string): Promise<Answer> {
  const bare = query.trim().replace(/;\s*$/, '');
  try {
    const rows = await site.target.sql.begin(
      async (sql) => await sql.values(`SELECT * FROM (${bare}\n) AS q LIMIT ${firstRows + 1}`),
      { readOnly: true },
    );
    return { kind: 'rows', columns: rows.columns, rows: rows.slice(0, firstRows), more: rows.length > firstRows };
  } catch (error) {
    const { code, words } = classifyFailure(error);
    return { kind: 'refused', text: `${words}${code === undefined ? '' : ` (${code})`}` };
  }
}

function answerCard(viewer: Viewer, answer: Answer): Html {
  const { format, words } = viewer;
  const text = words.data;
  if (answer.kind === 'refused') {
    return html`<section class="card error" aria-labelledby="refused"><h2 id="refused">${text.failed}</h2><p class="message" role="alert" lang="en">${data(answer.text, 5_000)}</p></section>`;
  }
  const { columns, more, rows } = answer;
  const shown = format.number(rows.length);
  const body = rows.map((row) => html`<tr>${columns.map(({ type }, index) => cell(viewer, row[index], type))}</tr>`);
  return html`<section class="card" aria-labelledby="answer"><h2 id="answer">${measure('rows', rows.length, more ? text.first(shown) : text.rows(shown))}</h2>${
    columns.length === 0
      ? html`<p class="empty">${text.none}</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-labelledby="answer"><table class="list grid"><thead><tr>${columns.map(({ name, type }) => html`<th scope="col"${numberTypes.has(type) ? html` class="right"` : nothing}>${data(name, 80)}</th>`)}</tr></thead><tbody>${body}</tbody></table></div>`
  }</section>`;
}

/** Types whose values are numbers, which stand under each other by their last digit. */
const numberTypes: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]);

function cell({ format, words }: Viewer, value: unknown, type: number): Html {
  if (value === null || value === undefined) return html`<td class="null">NULL</td>`;
  const text = String(valueText(value, type));
  const cut = text.length > cellCharacters;
  return html`<td${numberTypes.has(type) ? html` class="right"` : nothing}>${cut ? html`<bdi>${shownText(text, cellCharacters)}</bdi> <small>${words.data.characters(format.number(text.length))}</small>` : data(text, cellCharacters)}</td>`;
}
