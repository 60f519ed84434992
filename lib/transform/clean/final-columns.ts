import { grouped } from '../../grouped.ts';
import { maxRowBytes, maxValueBytes } from '../../limits.ts';
import { findColumn } from '../find-column.ts';
import { type ColumnType, columnType, isText } from '../infer/column-type.ts';
import { type FitContext, fit, misfit } from '../infer/fit.ts';
import { otherType } from '../infer/holds-type.ts';
import { ownText, ownType } from '../infer/own-type.ts';
import type { TransformRequest } from '../request.ts';
import { alive } from '../row-state.ts';
import type { CompiledRules } from '../rules/compile-rules.ts';
import type { ColumnPlan } from './column-plan.ts';
import { isDropped } from './declared-columns.ts';
import type { RejectReasons } from './reject-reasons.ts';

/** A column as it goes into clean files. */
export interface FinalColumn {
  readonly id: string;
  readonly name: string;
  readonly sourceName: string | undefined;
  readonly type: ColumnType;
  readonly duckType: string;
  readonly evidence: string;
  /** Of the column of the raw rows whose values it has as they are. */
  readonly index?: number | undefined;
  /** The source has it; a rule may have changed its values. */
  readonly ofSource: boolean;
  /** No row has a value that would tell a type: a table gets the column when one has. */
  readonly undecided: boolean;
  /** For rules alone; the table does not get it. */
  readonly drop: boolean;
}

/**
 * Gives columns that rules have made or changed their final type: the target's, else the declared one, else that of
 * the rule's result. What does not fit is rejected, as for columns of the source.
 */
export function finalColumns(args: {
  readonly ruled: CompiledRules;
  readonly planned: readonly ColumnPlan[];
  readonly request: TransformRequest;
  readonly reasons: RejectReasons;
}): { readonly relation: string; readonly columns: readonly FinalColumn[] } {
  const { ruled, planned, request, reasons } = args;
  const context: FitContext = { numbers: { decimal: '.' } };
  const values: string[] = [];
  const problems: string[] = [];
  const columns = ruled.columns.map((column): FinalColumn => {
    const drop = isDropped(request.settings, column);
    const source = planned.find((one) => one.name === column.name);
    if (source !== undefined && !ruled.changed.has(column.name)) {
      values.push(column.id);
      return { ...source, duckType: source.type.duck, ofSource: true, drop };
    }
    const target = request.targetColumns?.find((one) => one.name === column.name);
    const declared = source === undefined ? declaredType(request, column.name) : undefined;
    const pg = target?.type ?? declared ?? column.type;
    const type = pg === undefined ? ownType(column.duckType) : columnType(pg);
    const evidence = target === undefined ? 'made by a business rule' : 'type of the existing table';
    const text = ownText(column.id, column.duckType);
    const isSame = type.duck === column.duckType && type.kind !== 'varchar' && type.fraction === undefined;
    const value = isSame ? column.id : fit(text, type, context);
    const given = (of: ColumnType): string =>
      isText(of) || of.kind === 'other' ? `${column.id} IS NOT NULL` : `trim(${text}) <> ''`;
    values.push(isSame ? column.id : `${value} AS ${column.id}`);
    if (!isSame) {
      const code = reasons.code(column.name, misfit(type, context), { misfit: true });
      problems.push(`WHEN (${given(type)}) AND (${value}) IS NULL THEN ${code}`);
    }
    // A contract holds besides the type of the table.
    const wanted = otherType(declared, type);
    if (wanted !== undefined) {
      const reason = `${misfit(wanted, context)}, as columns declares it`;
      const code = reasons.code(column.name, reason, { misfit: true });
      problems.push(`WHEN (${given(wanted)}) AND (${fit(text, wanted, context)}) IS NULL THEN ${code}`);
    }
    if (target?.nullable === false) {
      const reason = 'has no value, and the column of the table takes no NULL';
      problems.push(`WHEN (${value}) IS NULL THEN ${reasons.code(column.name, reason)}`);
    }
    return {
      ...column,
      sourceName: source?.sourceName ?? column.sourceName,
      type,
      duckType: type.duck,
      evidence,
      ofSource: source !== undefined,
      undecided: false,
      drop,
    };
  });
  // A key that a rule has made must have a value, as one of the source must.
  for (const name of request.settings.key_columns) {
    const column = findColumn(columns, name);
    if (column !== undefined && ruled.changed.has(column.name)) {
      const reason = 'is required and has no value';
      problems.push(`WHEN coalesce(trim(${column.id}::VARCHAR), '') = '' THEN ${reasons.code(column.name, reason)}`);
    }
  }
  problems.push(...oversized(columns, reasons), ...nulsOf(columns, ruled.changed, reasons));
  const state = problems.length === 0 ? 's' : `CASE WHEN s <> ${alive} THEN s ${problems.join('\n')} ELSE s END AS s`;
  return { relation: `(SELECT ${['o', state, ...values].join(', ')} FROM ${ruled.relation})`, columns };
}

/** Values and rows that no table of Aurora DSQL takes; sizes are those before compression, as its quotas give them. */
function oversized(columns: readonly FinalColumn[], reasons: RejectReasons): readonly string[] {
  const texts = columns.filter((column) => isLong(column) && !column.drop);
  if (texts.length === 0) return [];
  const bytes = (column: FinalColumn): string => `coalesce(strlen(${column.id}::VARCHAR), 0)`;
  const row = texts.map(bytes).join(' + ');
  const values = texts.map(
    (column) =>
      `WHEN ${bytes(column)} > ${maxValueBytes} THEN ${reasons.code(column.name, `has more than the ${grouped(maxValueBytes)} bytes that Aurora DSQL allows in a value`)}`,
  );
  const whole = reasons.code(null, `the row has more than the ${grouped(maxRowBytes)} bytes that Aurora DSQL allows`);
  return [
    `WHEN ${row} > ${maxValueBytes} THEN CASE ${values.join('\n')} WHEN ${row} > ${maxRowBytes} THEN ${whole} ELSE s END`,
  ];
}

/** Texts of the source hold none; a rule can make one. */
function nulsOf(
  columns: readonly FinalColumn[],
  changed: ReadonlySet<string>,
  reasons: RejectReasons,
): readonly string[] {
  return columns
    .filter((column) => changed.has(column.name) && isLong(column))
    .map((column) => {
      const escaped = column.duckType === 'JSON' ? ` OR contains(${column.id}::VARCHAR, '\\u0000')` : '';
      const reason = 'holds a NUL character, which no text of the target can hold';
      return `WHEN contains(${column.id}::VARCHAR, chr(0))${escaped} THEN ${reasons.code(column.name, reason)}`;
    });
}

/** Whether values can have any length. */
function isLong({ duckType }: FinalColumn): boolean {
  return duckType === 'VARCHAR' || duckType === 'JSON';
}

function declaredType(request: TransformRequest, name: string): string | undefined {
  const setting = Object.entries(request.settings.columns).find(
    ([declared]) => declared.toLowerCase() === name.toLowerCase(),
  )?.[1];
  return typeof setting === 'string' ? setting : setting?.type;
}
