import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { cleanNames } from '../column-name.ts';
import { findColumn, unknownColumn } from '../find-column.ts';
import { type ColumnType, columnType, decimalOf } from '../infer/column-type.ts';
import type { FitContext } from '../infer/fit.ts';
import { inferType, typeOfFormat } from '../infer/infer-type.ts';
import type { NumberStyle } from '../infer/number-text.ts';
import { ownType } from '../infer/own-type.ts';
import { type ColumnSurvey, proofOf, surveyColumns } from '../infer/survey.ts';
import type { RawRows } from '../read/raw-rows.ts';
import type { TransformRequest, TransformSettings } from '../request.ts';
import { kindOf } from '../rules/rule-kinds.ts';
import { serviceNames } from '../service-names.ts';

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
}

/**
 * Names and types for every column of the source: the target's types rule, then declared ones, then what rows say.
 *
 * @param first  the rows are only the first ones of the source, of fields of CSV: columns get a `proof`
 * @throws {UnprovableError} with `first`: a type depends on all rows together
 */
export async function planColumns(
  session: DuckDbSession,
  raw: Pick<RawRows, 'columns' | 'kind' | 'relation' | 'rows'>,
  request: TransformRequest,
  { first = false }: { readonly first?: boolean } = {},
): Promise<readonly ColumnPlan[]> {
  const { settings, targetColumns } = request;
  const sourceNames = raw.columns.map((column) => column.sourceName);
  const missing = Object.keys(settings.rename).find((name) => !sourceNames.includes(name));
  if (missing !== undefined && sourceNames.length > 0) {
    throw unknownColumn(
      settings.name,
      'rename',
      missing,
      sourceNames.map((name) => ({ name })),
    );
  }
  const names = cleanNames(sourceNames, serviceNames(sourceNames, targetColumns).taken, settings.rename);
  const named = raw.columns.map(({ sourceName }, index) => ({ index, sourceName, name: names[index] as string }));
  const declared = declaredColumns(request, named);
  const required = requiredColumns(settings, named);
  const changedLater = new Set(
    settings.business_rules.flatMap((rule) => {
      const name = kindOf(rule).column(rule)?.name;
      const column = name === undefined ? undefined : findColumn(named, name);
      return column === undefined ? [] : [column.name];
    }),
  );
  const numbers = numberStyle(request);
  const formatOf = (index: number) => declared.get(index)?.dateFormat ?? settings.date_format;

  // A column that a rule changes meets the target's type behind the rule, not before it.
  const targets = new Map(targetColumns?.map((column) => [column.name, column]));
  const contract = ({ index, name }: (typeof named)[number]): { type: ColumnType; evidence: string } | undefined => {
    const target = changedLater.has(name) ? undefined : targets.get(name);
    if (target !== undefined) {
      return { type: columnType(target.type), evidence: 'type of the existing table' };
    }
    const own = declared.get(index);
    const pg = own?.type ?? (own?.dateFormat === undefined ? undefined : typeOfFormat(own.dateFormat));
    return pg === undefined ? undefined : { type: columnType(pg), evidence: 'declared in the configuration' };
  };
  const open = named.filter((column) => contract(column) === undefined).map((column) => column.index);
  const dateFormat = (column: number) => settings.date_format ?? declared.get(column)?.dateFormat;
  const surveys =
    raw.kind === 'typed'
      ? undefined
      : raw.rows === 0
        ? new Map(open.map((index) => [index, nothingSeen] as const))
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
    };
  });
}

/** The declared type, where it takes other values than the one that the column has. */
function otherType(declared: string | undefined, type: ColumnType): ColumnType | undefined {
  if (declared === undefined) return undefined;
  const wanted = columnType(declared);
  const taken = (one: ColumnType): string => JSON.stringify({ ...one, pg: undefined });
  return taken(wanted) === taken(type) ? undefined : wanted;
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

/** Names of columns that rules make, which the source need not have. */
function madeColumns(settings: TransformSettings): ReadonlySet<string> {
  const made = settings.business_rules.map((rule) => kindOf(rule).column(rule));
  return new Set(made.flatMap((column) => (column?.isNew === true ? [column.name] : [])));
}

type Named = { readonly index: number; readonly name: string; readonly sourceName: string };

function declaredColumns(
  { settings, targetColumns }: TransformRequest,
  named: readonly Named[],
): Map<
  number,
  { readonly type: string | undefined; readonly dateFormat: string | undefined; readonly required: boolean }
> {
  const made = madeColumns(settings);
  const declared = new Map();
  for (const [name, setting] of Object.entries(settings.columns)) {
    const column = findColumn(named, name);
    if (column !== undefined) {
      const { type, date_format: dateFormat, required } = typeof setting === 'string' ? { type: setting } : setting;
      declared.set(column.index, { type, dateFormat, required: required === true });
    } else if (named.length > 0 && !made.has(name) && findColumn(targetColumns ?? [], name) === undefined) {
      throw unknownColumn(settings.name, 'columns', name, named);
    }
  }
  return declared;
}

/** Key columns always; besides, the required ones, `id` where nothing else is said, and what `columns:` requires. */
function requiredColumns(settings: TransformSettings, named: readonly Named[]): ReadonlySet<number> {
  const required = new Set<number>();
  const made = madeColumns(settings);
  const require = (setting: string, names: readonly string[]) => {
    for (const name of names) {
      const column = findColumn(named, name);
      if (column !== undefined) {
        required.add(column.index);
      } else if (named.length > 0 && !made.has(name)) {
        throw unknownColumn(settings.name, setting, name, named);
      }
    }
  };
  require('key_columns', settings.key_columns);
  require('required_columns', settings.required_columns ?? []);
  for (const [name, setting] of Object.entries(settings.columns)) {
    if (typeof setting !== 'string' && setting.required === true) {
      require('columns', [name]);
    }
  }
  if (settings.required_columns === undefined && settings.key_columns.length === 0) {
    const id = named.find((column) => column.name === 'id');
    if (id !== undefined) {
      required.add(id.index);
    }
  }
  return required;
}

/** How numbers of the source are written. */
export function numberStyle(request: Pick<TransformRequest, 'raw'>): NumberStyle {
  const dialect = request.raw.parts.find((part) => part.csv !== undefined)?.csv;
  return { decimal: dialect?.decimal_separator ?? '.', thousands: dialect?.thousands_separator };
}
