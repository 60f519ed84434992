import { isText } from '../infer/column-type.ts';
import { fit, misfit, readInferred } from '../infer/fit.ts';
import { ownText, ownType } from '../infer/own-type.ts';
import { isGiven } from '../infer/text-form.ts';
import { cellText, checkedJson } from '../read/json-line.ts';
import type { RawRows } from '../read/raw-rows.ts';
import { alive, elementless } from '../row-state.ts';
import type { ColumnPlan } from './column-plan.ts';
import type { RejectReasons } from './reject-reasons.ts';

/**
 * The relation of typed rows: `o`, the state `s`, and `v<index>` for each column. What is not alive is rejected for the
 * first thing that is wrong with it: a value that is required and missing, or one that does not fit. A row that proves
 * a column's inferred type wrong fails the statement.
 */
export function typedRows(args: {
  readonly raw: Pick<RawRows, 'columns' | 'kind' | 'problems' | 'relation'>;
  readonly columns: readonly ColumnPlan[];
  readonly blankText: 'empty' | 'keep';
  readonly reasons: RejectReasons;
}): string {
  const { raw, columns, reasons } = args;
  const own = (column: ColumnPlan): boolean =>
    raw.kind === 'typed' && ownType(raw.columns[column.index]?.duckType ?? '').pg === column.type.pg;
  const texts = columns.map((column) => `${textOf(raw, column)} AS t${column.index}`);
  const values = columns.map((column) => `${typedValue(raw, column, own(column))} AS ${column.id}`);
  const carried = raw.kind === 'text' ? '' : raw.columns.map((_, i) => `, c${i}`).join('');
  const proofs = columns.flatMap(({ proof }) => (proof === undefined || proof === 'true' ? [] : proof));
  const shaped = raw.problems === undefined ? '' : ', p';
  const states = [
    ...(raw.problems ?? []).map(
      ({ code, column, filters, reason }) =>
        `WHEN p = ${code} THEN ${filters ? elementless : reasons.code(column, reason)}`,
    ),
    ...proofs.map((proof) => `WHEN NOT (${proof}) THEN error('not the type of the first rows')`),
    ...columns.flatMap((column) =>
      column.required
        ? [
            `WHEN NOT coalesce(${isGiven(`t${column.index}`)}, false) THEN ${reasons.code(column.name, 'is required and has no value')}`,
          ]
        : [],
    ),
    ...columns.flatMap((column) =>
      // A text is what it was read as.
      raw.kind === 'text' && column.type.kind === 'text' && !column.notNull && column.declared === undefined
        ? []
        : problemsOf(column, args.blankText, reasons),
    ),
  ];
  const filled = columns.map((column) => filledValue(column, args.blankText));
  const state = states.length === 0 ? `${alive}` : `CASE ${states.join('\n')} ELSE ${alive} END`;
  return `(SELECT ${['o', `${state} AS s`, ...filled].join(', ')}
    FROM (SELECT ${['*', ...values].join(', ')}
      FROM (SELECT ${['o', ...texts].join(', ')}${carried}${shaped} FROM ${raw.relation})))`;
}

/** The value, or what stands for none. */
function filledValue(column: ColumnPlan, blankText: 'empty' | 'keep'): string {
  const { fallback, id } = column;
  if (fallback !== undefined) {
    return `CASE WHEN ${id} IS NULL AND NOT coalesce(${isValue(column)}, false) THEN ${fallback} ELSE ${id} END AS ${id}`;
  }
  return isText(column.type) && blankText === 'empty' ? `coalesce(${id}, '') AS ${id}` : id;
}

/** A SQL condition over the column's text: it is a value; a blank is none but of a text. */
function isValue({ index, type }: ColumnPlan): string {
  const text = `t${index}`;
  return isText(type) || type.kind === 'other' ? `${text} IS NOT NULL` : isGiven(text);
}

/** A value is there and does not fit; or none is there and the target's column needs one. */
function problemsOf(column: ColumnPlan, blankText: 'empty' | 'keep', reasons: RejectReasons): readonly string[] {
  const { id, index, type, context, name } = column;
  const text = `t${index}`;
  const given = isValue(column);
  const problems = [
    `WHEN ${id} IS NULL AND ${given} THEN ${reasons.code(name, misfit(type, context), { misfit: true })}`,
  ];
  if (column.declared !== undefined) {
    const { declared } = column;
    const reason = `${misfit(declared, context)}, as columns declares it`;
    problems.push(
      `WHEN ${given} AND (${fit(text, declared, context)}) IS NULL THEN ${reasons.code(name, reason, { misfit: true })}`,
    );
  }
  if (column.notNull && column.fallback === undefined && !(isText(type) && blankText === 'empty')) {
    problems.push(
      `WHEN ${id} IS NULL THEN ${reasons.code(name, 'has no value, and the column of the table takes no NULL')}`,
    );
  }
  return problems;
}

function textOf(raw: Pick<RawRows, 'columns' | 'kind'>, column: ColumnPlan): string {
  const cell = `c${column.index}`;
  if (raw.kind === 'text') {
    return cell;
  }
  if (raw.kind === 'typed') {
    return ownText(cell, raw.columns[column.index]?.duckType ?? 'VARCHAR');
  }
  return column.type.kind === 'jsonb' ? cell : cellText(cell);
}

function typedValue(raw: Pick<RawRows, 'columns' | 'kind'>, column: ColumnPlan, own: boolean): string {
  const text = `t${column.index}`;
  const cell = `c${column.index}`;
  if (raw.kind === 'json' && column.type.kind === 'jsonb') {
    return `${cell}::JSON`;
  }
  if (!own) {
    return (column.inferred ? readInferred : fit)(text, column.type, column.context);
  }
  switch (column.type.kind) {
    case 'text':
      // PostgreSQL's text takes every character but NUL.
      return `CASE WHEN NOT contains(${text}, chr(0)) THEN ${text} END`;
    case 'jsonb':
      // NaN and infinities are no JSON.
      return `CASE WHEN ${checkedJson(text)} THEN ${text}::JSON END`;
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return `CASE WHEN NOT isfinite(${cell}) OR year(${cell}) BETWEEN -4712 AND 294275 THEN ${cell}::${column.type.duck} END`;
    default:
      return column.type.duck === 'VARCHAR' ? text : `${cell}::${column.type.duck}`;
  }
}
