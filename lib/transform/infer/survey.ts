import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { cellText } from '../read/json-line.ts';
import {
  digitCounts,
  isPlain as isPlainStyle,
  type NumberStyle,
  plainNumber,
  significantDigits,
} from './number-text.ts';
import { forms, hasForm, isGiven, isShort, timestampForm, timestamptzForm, withoutLength, zoned } from './text-form.ts';

/** Questions put to the values of a column, in the order in which a yes of all values decides. */
export const questions = [
  'formatted',
  'boolean',
  'bigint',
  'numeric',
  'double',
  'date',
  'timestamp',
  'timestamptz',
  'uuid',
] as const;
export type Question = (typeof questions)[number];

/** What all rows say about one column. */
export interface ColumnSurvey {
  /**
   * Rows with a value; of columns with a narrower type than text, rows with a value that is not blank. Undefined where
   * there are some and they were not counted.
   */
  readonly values: number | undefined;
  /** The first question that all values answer with yes; undefined when there is none. */
  readonly holds: Question | undefined;
  /** For questions that some value answers with no: the first of them, shortened to 40 characters. */
  readonly counterexamples: Readonly<Partial<Record<Question, string>>>;
  /** The longest run of digits before and behind the point, among values that are decimals. */
  readonly wholeDigits: number;
  readonly fractionDigits: number;
  /** At least one value is a number proper, and not NaN or an infinity. */
  readonly hasNumber: boolean;
  /** JSON: at least one value is an object or a list. */
  readonly nested: boolean;
}

export interface SurveyArgs {
  readonly kind: 'text' | 'json';
  readonly relation: string;
  readonly rows: number;
  /** Indexes of the columns to survey. */
  readonly columns: readonly number[];
  readonly numbers: NumberStyle;
  readonly dateFormat: (column: number) => string | undefined;
}

/** Rows looked at first, so that the whole is asked only what is still open. */
export const firstRows = 1_000;
/** Rows looked at next, where there are more. */
export const sampleRows = 20_000;
/** Columns asked in one statement. */
export const columnsAtOnce = 40;

/**
 * Asks all rows, in few passes: the first rows settle most questions by a counterexample; then every column is asked the
 * first question that is still open; columns whose values said no there are asked everything else. Where the first rows
 * are all rows, they are asked once.
 */
export async function surveyColumns(session: DuckDbSession, args: SurveyArgs): Promise<Map<number, ColumnSurvey>> {
  const surveys = new Map<number, ColumnSurvey>();
  for (let i = 0; i < args.columns.length; i += columnsAtOnce) {
    const columns = args.columns.slice(i, i + columnsAtOnce);
    const known = new Map<number, ColumnSurvey['counterexamples']>();
    const open = (column: number): readonly Question[] =>
      questions.filter(
        (question) =>
          known.get(column)?.[question] === undefined &&
          (question !== 'formatted' || args.dateFormat(column) !== undefined),
      );
    const alike = columns.filter((column) => args.dateFormat(column) === undefined);
    for (const [column, answer] of await askAlike(session, args, alike)) {
      known.set(column, answer.counterexamples);
      if (args.rows > firstRows) continue;
      const holds = open(column)[0];
      surveys.set(column, { ...answer, holds });
    }
    if (args.rows > sampleRows) {
      const sample = `(SELECT * FROM ${args.relation} LIMIT ${sampleRows})`;
      for (const [column, answer] of await ask(session, args, columns, sample, open)) {
        known.set(column, { ...known.get(column), ...answer.counterexamples });
      }
    }
    let undecided = columns.filter((column) => !surveys.has(column));
    for (const atOnce of [1, questions.length]) {
      const asked = (column: number): readonly Question[] => open(column).slice(0, atOnce);
      const answers = undecided.length === 0 ? [] : await ask(session, args, undecided, args.relation, asked);
      const again: number[] = [];
      for (const [column, answer] of answers) {
        const put = asked(column);
        const counterexamples = { ...known.get(column), ...answer.counterexamples };
        const holds = put.find((question) => counterexamples[question] === undefined);
        known.set(column, counterexamples);
        surveys.set(column, { ...answer, counterexamples, holds });
        if (holds === undefined && put.length > 0) {
          again.push(column);
        }
      }
      undecided = again;
    }
  }
  return surveys;
}

type Answer = Omit<ColumnSurvey, 'holds' | 'values'> & { readonly values: number };

/**
 * Asks the first rows everything about columns of which all are asked the same: their values are put below each other, so
 * that the statement has each condition once, whatever their number. DuckDB plans a hundred conditions for longer than it
 * computes them over a thousand rows.
 */
async function askAlike(
  session: DuckDbSession,
  args: SurveyArgs,
  columns: readonly number[],
): Promise<Map<number, Answer>> {
  if (columns.length === 0) return new Map();
  const all = questions.filter((question) => question !== 'formatted');
  const cells = `(SELECT o, unnest([${columns.map((c) => `c${c}`).join(', ')}]) AS c0, unnest([${columns.join(', ')}]) AS k
    FROM (SELECT * FROM ${args.relation} LIMIT ${firstRows}))`;
  const alike = { ...args, dateFormat: () => undefined };
  const rows = await session.rows(
    `SELECT k, ${aggregatesOf(alike, 0, all).join(', ')}
       FROM (SELECT k, o, ${textsOf(alike, 0, true)} FROM ${cells}) GROUP BY k`,
  );
  return new Map(rows.map((row) => [Number(row.k), answerOf(row, 0, all)] as const));
}

async function ask(
  session: DuckDbSession,
  args: SurveyArgs,
  columns: readonly number[],
  relation: string,
  asked: (column: number) => readonly Question[],
): Promise<Map<number, Answer>> {
  // A column that is text already is only counted.
  const texts = columns.map((c) => textsOf(args, c, asked(c).length > 0));
  const aggregates = columns.flatMap((c) => aggregatesOf(args, c, asked(c)));
  const [row = {}] = await session.rows(
    `SELECT ${aggregates.join(', ')} FROM (SELECT o, ${texts.join(', ')} FROM ${relation})`,
  );
  return new Map(columns.map((c) => [c, answerOf(row, c, asked(c))] as const));
}

/** The text `t<column>` of a cell, of JSON beside the cell itself; without what is no value where values are asked for. */
export function textsOf({ kind }: SurveyArgs, c: number, values: boolean): string {
  const text = kind === 'json' ? cellText(`c${c}`) : `c${c}`;
  const value = values ? `CASE WHEN ${isGiven(text)} THEN ${withoutLength(text)} END` : text;
  return `${kind === 'json' ? `c${c}, ` : ''}${value} AS t${c}`;
}

/** SQL of the answers to questions about the texts of a column. */
export function aggregatesOf(args: SurveyArgs, c: number, asked: readonly Question[]): readonly string[] {
  const cell = cellOf(args, c);
  const list = [
    `count(t${c}) AS n${c}`,
    ...asked.map(
      (question) => `arg_min(left(t${c}, 40), o) FILTER (WHERE NOT (${cell.holds(question)})) AS ${question}${c}`,
    ),
  ];
  if (asked.includes('numeric') || asked.includes('double')) {
    const digits = digitCounts(plainNumber(`t${c}`, args.numbers));
    list.push(`max(${digits.whole}) AS whole${c}`, `max(${digits.fraction}) AS fraction${c}`);
  }
  // Decimals are numbers, doubles may be none but NaN.
  if (asked.includes('double')) list.push(`bool_or(regexp_matches(t${c}, '[0-9]')) AS number${c}`);
  if (args.kind === 'json') {
    list.push(`bool_or(starts_with(c${c}, '{') OR starts_with(c${c}, '[')) AS nested${c}`);
  }
  return list;
}

/** The answers, as `aggregatesOf` has asked for them. */
export function answerOf(row: Readonly<Record<string, unknown>>, c: number, asked: readonly Question[]): Answer {
  const counterexamples: Partial<Record<Question, string>> = {};
  for (const question of asked) {
    const value = row[`${question}${c}`];
    if (value !== null && value !== undefined) counterexamples[question] = String(value);
  }
  return {
    values: Number(row[`n${c}`] ?? 0),
    counterexamples,
    wholeDigits: Number(row[`whole${c}`] ?? 0),
    fractionDigits: Number(row[`fraction${c}`] ?? 0),
    hasNumber: row[`number${c}`] === true,
    nested: row[`nested${c}`] === true,
  };
}

/**
 * A SQL condition of `t<column>`, a text, and `v<column>`, what the type reads in it: this row leaves the column at what
 * a survey of other rows has found. True of all rows of a source, it makes their survey give the same type. Undefined
 * where no condition of one row can.
 *
 * @param digits  of the widest DECIMAL that the type can be
 */
export function proofOf(
  args: Pick<SurveyArgs, 'dateFormat' | 'numbers'>,
  column: number,
  survey: ColumnSurvey,
  digits: number | undefined,
): string | undefined {
  const text = `t${column}`;
  if (survey.values === 0) return `NOT coalesce(${isGiven(text)}, false)`;
  if (survey.holds === undefined) return 'true';
  if (survey.holds === 'double' && !survey.hasNumber) return undefined;
  let holds = cellOf({ ...args, kind: 'text' }, column).holds(survey.holds);
  if (survey.holds === 'numeric') {
    if (digits === undefined) return undefined;
    const { fraction, whole } = digitCounts(plainNumber(text, args.numbers));
    const most = digits - survey.fractionDigits;
    holds = `${holds} AND ${whole} <= ${most} AND ${fraction} <= ${survey.fractionDigits}`;
  }
  const proof = `coalesce(NOT ${isGiven(text)} OR (${isShort(text)} AND ${holds}), true)`;
  if (survey.holds === 'formatted' || !isPlainStyle(args.numbers)) return proof;
  // Most values are written as DuckDB itself writes them, and comparing them is faster than looking at their form.
  const guard = guards[survey.holds]?.(text) ?? 'true';
  return `CASE WHEN ${guard} AND ${isShort(text)} AND v${column}::VARCHAR = ${text} THEN true ELSE ${proof} END`;
}

/** What DuckDB writes just so and is no value of the type: infinities, and years of more than four digits or before our era. */
const guards: Readonly<Partial<Record<Question, (text: string) => string>>> = {
  date: (text) => `strlen(${text}) = 10`,
  timestamp: (text) => `substr(${text}, 14, 1) = ':'`,
  timestamptz: (text) => `substr(${text}, 14, 1) = ':'`,
};

/** A double gives back every decimal of so many digits, so that its digits need not be compared. */
const exactDigits = 15;

/** The conditions under which a value of the column answers yes. A text of JSON is never a number or a boolean. */
export function cellOf(
  args: Pick<SurveyArgs, 'dateFormat' | 'kind' | 'numbers'>,
  c: number,
): { readonly holds: (question: Question) => string } {
  const text = `t${c}`;
  const number = plainNumber(text, args.numbers);
  const guard = (condition: string, question: Question): string => {
    if (args.kind === 'text') {
      return condition;
    }
    const ofText = question === 'date' || question === 'timestamp' || question === 'timestamptz';
    const isString = `starts_with(c${c}, '"')`;
    return `${ofText || question === 'uuid' || question === 'formatted' ? isString : `NOT ${isString}`} AND ${condition}`;
  };
  const conditions: Readonly<Record<Question, () => string>> = {
    boolean: () => `lower(${text}) IN ('true', 'false')`,
    bigint: () =>
      `coalesce(${hasForm(number, forms.wholeNumber)}, false) AND TRY_CAST(${number} AS BIGINT) IS NOT NULL`,
    numeric: () => `coalesce(${hasForm(number, forms.decimal)}, false)`,
    double: () =>
      `coalesce(CASE WHEN strlen(${number}) <= ${exactDigits} AND ${hasForm(number, forms.plainDecimal)} THEN true
        ELSE ${hasForm(text, forms.notFinite)} OR (${hasForm(number, forms.canonicalNumber)}
        AND ${significantDigits(number)} = ${significantDigits(`TRY_CAST(${number} AS DOUBLE)::VARCHAR`)}) END, false)`,
    date: () => `${hasForm(text, forms.date)} AND TRY_CAST(${text} AS DATE) IS NOT NULL`,
    timestamp: () => `${hasForm(text, timestampForm)} AND TRY_CAST(${text} AS TIMESTAMP) IS NOT NULL`,
    timestamptz: () => `${hasForm(text, timestamptzForm)} AND TRY_CAST(${zoned(text)} AS TIMESTAMPTZ) IS NOT NULL`,
    uuid: () => hasForm(text, forms.uuid),
    formatted: () => `try_strptime(${text}, ${quoteText(args.dateFormat(c) ?? '')}) IS NOT NULL`,
  };
  return { holds: (question) => guard(conditions[question](), question) };
}
