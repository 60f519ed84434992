import { csvLine } from '../../csv-line.ts';
import { jsonNames, jsonRow, valueText } from '../../dsql/json-rows.ts';
import type { AnswerColumns } from '../../dsql/stream-query.ts';
import { shortened } from '../terminal-text.ts';

/** Writes the answer of one statement that has rows; each function gives the text to write. */
export interface AnswerWriter {
  readonly begin: () => string;
  readonly rows: (rows: readonly (readonly unknown[])[]) => string;
  readonly end: (count: number) => string;
}

/** How answers can be written. */
export type AnswerFormat = 'table' | 'json' | 'ndjson' | 'csv';

/** @param width  characters of a terminal's line, in which wide cells are cut; none elsewhere */
export const answerWriters: Readonly<Record<AnswerFormat, (columns: AnswerColumns, width: number) => AnswerWriter>> = {
  json: (columns) => {
    const names = jsonNames(columns);
    let first = true;
    return {
      begin: () => '[',
      rows: (rows) => {
        const lines = rows.map((row) => `\n${jsonRow(names, columns, row)}`).join(',');
        const text = first ? lines : `,${lines}`;
        first = false;
        return text;
      },
      end: () => (first ? ']\n' : '\n]\n'),
    };
  },
  ndjson: (columns) => {
    const names = jsonNames(columns);
    return {
      begin: () => '',
      rows: (rows) => rows.map((row) => `${jsonRow(names, columns, row)}\n`).join(''),
      end: () => '',
    };
  },
  csv: (columns) => ({
    begin: () => `${csvLine(columns.map(({ name }) => name))}\n`,
    rows: (rows) =>
      rows
        .map(
          (row) =>
            `${csvLine(columns.map(({ type }, index) => (row[index] === null ? null : valueText(row[index], type))))}\n`,
        )
        .join(''),
    end: () => '',
  }),
  table: tableWriter,
};

/** Of a wide table every column is cut to this, or to more where there is room. */
const leastCell = 8;

/** The widths of the columns are those of the first rows; of a later row a wider cell moves what follows. */
function tableWriter(columns: AnswerColumns, width: number): AnswerWriter {
  let widths: readonly number[] | undefined;
  const cells = (row: readonly unknown[]): readonly string[] =>
    columns.map(({ type }, index) => {
      const value = row[index];
      return value === null ? 'NULL' : shortened(String(valueText(value, type)), Number.POSITIVE_INFINITY);
    });
  const line = (texts: readonly string[]): string =>
    `${texts
      .map((text, index) => {
        const most = widths?.[index] ?? 0;
        const cut = width === Number.POSITIVE_INFINITY ? text : shortened(text, most);
        return index === texts.length - 1 ? cut : cut.padEnd(most);
      })
      .join('  ')
      .trimEnd()}\n`;
  const head = (first: readonly (readonly string[])[]): string => {
    const names = columns.map(({ name }) => name);
    widths = fitted(
      names.map((name, index) =>
        Math.max(...[name, ...first.map((row) => row[index] ?? '')].map((text) => text.length)),
      ),
      width,
    );
    return `${line(names)}${line(widths.map((one) => '─'.repeat(one)))}`;
  };
  return {
    begin: () => '',
    rows: (rows) => {
      const texts = rows.map(cells);
      return `${widths === undefined ? head(texts) : ''}${texts.map(line).join('')}`;
    },
    end: (count) =>
      `${widths === undefined ? head([]) : ''}${count.toLocaleString('en')} ${count === 1 ? 'row' : 'rows'}\n`,
  };
}

/** Widths that fit into a line: the widest columns are cut, all to the same width. */
function fitted(widths: readonly number[], width: number): readonly number[] {
  const room = width - 2 * (widths.length - 1);
  const sum = (most: number): number => widths.reduce((total, one) => total + Math.min(one, most), 0);
  let most = Math.max(...widths, leastCell);
  while (most > leastCell && sum(most) > room) most -= 1;
  return widths.map((one) => Math.min(one, most));
}
