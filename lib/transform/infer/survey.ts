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

/** Rows looked at first, and then, so that the whole is asked only what is still open. */
const sampleRows = [1_000, 20_000] as const;
/** Columns asked in one statement. */
const columnsAtOnce = 40;

/**
 * Asks all rows, in few passes: the first rows settle most questions by a counterexample; then every column is asked the
 * first question that is still open; columns whose values said no there are asked everything else.
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
    for (const rows of sampleRows.filter((most) => args.rows > most)) {
      const sample = `(SELECT * FROM ${args.relation} LIMIT ${rows})`;
      for (const [column, answer] of await ask(session, args, columns, sample, open)) {
        known.set(column, { ...known.get(column), ...answer.counterexamples });
      }
    }
    let undecided = columns;
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

async function ask(
  session: DuckDbSession,
  args: SurveyArgs,
  columns: readonly number[],
  relation: string,
  asked: (column: number) => readonly Question[],
): Promise<Map<number, Answer>> {
  const texts = columns.map((c) => {
    const text = args.kind === 'json' ? cellText(`c${c}`) : `c${c}`;
    // A column that is text already is only counted.
    if (asked(c).length === 0) return `${args.kind === 'json' ? `c${c}, ` : ''}${text} AS t${c}`;
    return `${args.kind === 'json' ? `c${c}, ` : ''}CASE WHEN ${isGiven(text)} THEN ${withoutLength(text)} END AS t${c}`;
  });
  const aggregates = columns.flatMap((c) => {
    const cell = cellOf(args, c);
    const open = asked(c);
    const list = [
      `count(t${c}) AS n${c}`,
      ...open.map(
        (question) => `arg_min(left(t${c}, 40), o) FILTER (WHERE NOT (${cell.holds(question)})) AS ${question}${c}`,
      ),
    ];
    if (open.includes('numeric') || open.includes('double')) {
      const digits = digitCounts(plainNumber(`t${c}`, args.numbers));
      list.push(`max(${digits.whole}) AS whole${c}`, `max(${digits.fraction}) AS fraction${c}`);
    }
    // Decimals are numbers, doubles may be none but NaN.
    if (open.includes('double')) list.push(`bool_or(regexp_matches(t${c}, '[0-9]')) AS number${c}`);
    if (args.kind === 'json') {
      list.push(`bool_or(starts_with(c${c}, '{') OR starts_with(c${c}, '[')) AS nested${c}`);
    }
    return list;
  });
  const [row] = await session.rows(
    `SELECT ${aggregates.join(', ')} FROM (SELECT o, ${texts.join(', ')} FROM ${relation})`,
  );
  return new Map(
    columns.map((c) => {
      const counterexamples: Partial<Record<Question, string>> = {};
      for (const question of asked(c)) {
        const value = row?.[`${question}${c}`];
        if (value !== null && value !== undefined) {
          counterexamples[question] = String(value);
        }
      }
      const answer: Answer = {
        values: Number(row?.[`n${c}`] ?? 0),
        counterexamples,
        wholeDigits: Number(row?.[`whole${c}`] ?? 0),
        fractionDigits: Number(row?.[`fraction${c}`] ?? 0),
        hasNumber: row?.[`number${c}`] === true,
        nested: row?.[`nested${c}`] === true,
      };
      return [c, answer] as const;
    }),
  );
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
      `coalesce(${hasForm(text, forms.notFinite)} OR (${hasForm(number, forms.canonicalNumber)}
        AND ${significantDigits(number)} = ${significantDigits(`TRY_CAST(${number} AS DOUBLE)::VARCHAR`)}), false)`,
    date: () => `${hasForm(text, forms.date)} AND TRY_CAST(${text} AS DATE) IS NOT NULL`,
    timestamp: () => `${hasForm(text, timestampForm)} AND TRY_CAST(${text} AS TIMESTAMP) IS NOT NULL`,
    timestamptz: () => `${hasForm(text, timestamptzForm)} AND TRY_CAST(${zoned(text)} AS TIMESTAMPTZ) IS NOT NULL`,
    uuid: () => hasForm(text, forms.uuid),
    formatted: () => `try_strptime(${text}, ${quoteText(args.dateFormat(c) ?? '')}) IS NOT NULL`,
  };
  return { holds: (question) => guard(conditions[question](), question) };
}
