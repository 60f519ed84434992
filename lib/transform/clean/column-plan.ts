import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { serviceColumns } from '../../service-columns.ts';
import { findColumn } from '../find-column.ts';
import { type ColumnType, columnType, decimalOf } from '../infer/column-type.ts';
import { type FitContext, fit } from '../infer/fit.ts';
import { otherType } from '../infer/holds-type.ts';
import { inferType, typeOfFormat } from '../infer/infer-type.ts';
import type { NumberStyle } from '../infer/number-text.ts';
import { ownType } from '../infer/own-type.ts';
import { type ColumnSurvey, proofOf, surveyColumns } from '../infer/survey.ts';
import type { RawRows } from '../read/raw-rows.ts';
import type { TargetColumn, TransformRequest } from '../request.ts';
import { madeBy } from '../rules/rule-kinds.ts';
import { checkContract } from './contract.ts';
import { type DeclaredColumn, declaredColumns, isDropped, requiredColumns } from './declared-columns.ts';
import { requireRoom } from './require-room.ts';
import { type SourceColumn, sourceColumns } from './source-columns.ts';

/** A column of the source on its way to the target. */
export interface ColumnPlan {
  /** Its column in the raw rows is `c<index>`, in working relations `v<index>`. */
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly sourceName: string;
  readonly type: ColumnType;
  readonly evidence: string;
  readonly context: FitContext;
  /** What `columns` declares, where the column exists with another type: values have to fit both. */
  readonly declared: ColumnType | undefined;
  /** The type was inferred from these rows, so that all values have its form. */
  readonly inferred: boolean;
  /** A SQL condition that every row has to meet for that, where the type was inferred from the first rows alone. */
  readonly proof?: string;
  /** No row has a value that would tell a type, and nothing else gives one. */
  readonly undecided: boolean;
  /** A row without a value here is rejected. */
  readonly required: boolean;
  /** The target's column takes no NULL. */
  readonly notNull: boolean;
  /** SQL of what a row without a value gets. */
  readonly fallback?: string | undefined;
}

/**
 * Names and types for every column of the source: the target's types rule, then declared ones, then what rows say.
 *
 * @param first    the rows are only the first ones of the source, of fields of CSV: columns get a `proof`
 * @param surveys  what all rows say, where they have been asked; by column
 * @throws {UnprovableError} with `first`: a type depends on all rows together
 */
export async function planColumns(
  session: DuckDbSession,
  raw: Pick<RawRows, 'columns' | 'kind' | 'relation' | 'rows'>,
  request: TransformRequest,
  {
    first = false,
    surveys: given,
  }: { readonly first?: boolean; readonly surveys?: ReadonlyMap<number, ColumnSurvey> | undefined } = {},
): Promise<readonly ColumnPlan[]> {
  const { settings, targetColumns } = request;
  const { columns: named } = sourceColumns(
    request,
    raw.columns.map((column) => column.sourceName),
  );
  const declared = declaredColumns(request, named);
  const required = requiredColumns(settings, named, declared);
  requireRoom(named.filter((column) => !isDropped(settings, column)).length + serviceColumns.length);
  const changedLater = namesOfRules(settings, named);
  checkContract(request, named, changedLater);
  const numbers = numberStyle(request);
  const formatOf = (index: number) => declared.get(index)?.dateFormat ?? settings.date_format;
  const targets = new Map(targetColumns?.map((column) => [column.name, column]));
  const contract = contractOf({ changedLater, declared, targets });
  const open = named.filter((column) => contract(column) === undefined).map((column) => column.index);
  const dateFormat = (column: number) => settings.date_format ?? declared.get(column)?.dateFormat;
  const surveys =
    raw.kind === 'typed'
      ? undefined
      : given !== undefined || raw.rows === 0
        ? new Map(open.map((index) => [index, given?.get(index) ?? nothingSeen] as const))
        : await surveyColumns(session, {
            kind: raw.kind,
            relation: raw.relation,
            rows: raw.rows,
            columns: open,
            numbers,
            dateFormat,
          });

  return named.map((column) => {
    const { index, name } = column;
    const survey = surveys?.get(index);
    const ruling =
      contract(column) ??
      (survey === undefined
        ? { type: ownType(raw.columns[index]?.duckType ?? ''), evidence: 'type of the Parquet column' }
        : inferType(first && survey.values !== 0 ? { ...survey, values: undefined } : survey, settings.date_format));
    const byFormat = contract(column) !== undefined || survey?.holds === 'formatted';
    const temporal = ['date', 'timestamp', 'timestamptz'].includes(ruling.type.kind);
    const proof =
      first && survey !== undefined
        ? proofOf({ dateFormat, numbers }, index, survey, decimalOf(ruling.type.duck)?.digits)
        : undefined;
    if (first && survey !== undefined && proof === undefined) throw new UnprovableError();
    return {
      ...column,
      id: `v${index}`,
      type: ruling.type,
      evidence: ruling.evidence,
      declared: otherType(declared.get(index)?.type, ruling.type),
      context: { numbers, dateFormat: temporal && byFormat ? formatOf(index) : undefined },
      inferred: survey !== undefined,
      undecided: survey?.values === 0,
      ...(proof === undefined ? {} : { proof }),
      required: required.has(index),
      notNull: !changedLater.has(name) && targets.get(name)?.nullable === false,
      fallback: fallbackOf(declared.get(index)?.defaultText, ruling.type),
    };
  });
}

/**
 * The places of the columns whose types neither the table nor the configuration gives, so that their values are asked.
 *
 * @param names  of all columns, as `planColumns` gets them
 */
export function openColumns(request: TransformRequest, names: readonly string[]): readonly number[] {
  const { columns: named } = sourceColumns(request, names);
  const contract = contractOf({
    changedLater: namesOfRules(request.settings, named),
    declared: declaredColumns(request, named),
    targets: new Map(request.targetColumns?.map((column) => [column.name, column])),
  });
  return named.filter((column) => contract(column) === undefined).map(({ index }) => index);
}

/** Columns that rules change. */
function namesOfRules(settings: TransformRequest['settings'], named: readonly SourceColumn[]): ReadonlySet<string> {
  const made = settings.business_rules.flatMap(madeBy);
  return new Set(made.flatMap(({ name }) => findColumn(named, name)?.name ?? []));
}

/** The type that a column has whatever its values are, where it has one. */
function contractOf(known: {
  readonly changedLater: ReadonlySet<string>;
  readonly declared: ReadonlyMap<number, DeclaredColumn>;
  readonly targets: ReadonlyMap<string, TargetColumn>;
}): (column: SourceColumn) => { readonly type: ColumnType; readonly evidence: string } | undefined {
  return ({ index, name }) => {
    // A column that a rule changes meets the target's type behind the rule, not before it.
    const target = known.changedLater.has(name) ? undefined : known.targets.get(name);
    if (target !== undefined) {
      return { type: columnType(target.type), evidence: 'type of the existing table' };
    }
    const own = known.declared.get(index);
    const pg = own?.type ?? (own?.dateFormat === undefined ? undefined : typeOfFormat(own.dateFormat));
    return pg === undefined ? undefined : { type: columnType(pg), evidence: 'declared in the configuration' };
  };
}

/** A default is written in the plain way, whatever the source's own is. */
function fallbackOf(text: string | undefined, type: ColumnType): string | undefined {
  return text === undefined ? undefined : fit(quoteText(text), type, { numbers: { decimal: '.' } });
}

/** The first rows of a source do not tell a type that single rows could prove. */
class UnprovableError extends Error {
  override readonly name = 'UnprovableError';
}

const nothingSeen: ColumnSurvey = {
  values: 0,
  holds: undefined,
  counterexamples: {},
  wholeDigits: 0,
  fractionDigits: 0,
  hasNumber: false,
  nested: false,
};

/** How numbers of the source are written. */
export function numberStyle(request: Pick<TransformRequest, 'raw'>): NumberStyle {
  const dialect = request.raw.parts.find((part) => part.csv !== undefined)?.csv;
  return { decimal: dialect?.decimal_separator ?? '.', thousands: dialect?.thousands_separator };
}
