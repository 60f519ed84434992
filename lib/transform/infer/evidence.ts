import { z } from 'zod';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import {
  aggregatesOf,
  answerOf,
  type ColumnSurvey,
  cellOf,
  columnsAtOnce,
  firstRows,
  type Question,
  questions,
  type SurveyArgs,
  sampleRows,
  textsOf,
} from './survey.ts';

/**
 * What some rows of a column say about its type: a value that merges. Evidence of pieces, merged, is that of the whole,
 * whatever the cut, and `surveyOf` makes of it the survey that all rows together give.
 */
export const evidenceSchema = z.strictObject({
  /** Rows with a value, and those of them with one that is not blank. */
  present: z.int().min(0),
  given: z.int().min(0),
  /** For each question that a value answers with no: the first one, shortened, and its row, from 1. */
  against: z.array(z.strictObject({ question: z.enum(questions), text: z.string(), row: z.int().min(1) })),
  wholeDigits: z.int(),
  fractionDigits: z.int(),
  hasNumber: z.boolean(),
  nested: z.boolean(),
});

export type ColumnEvidence = z.infer<typeof evidenceSchema>;

/** What no rows say. */
export const noEvidence: ColumnEvidence = {
  present: 0,
  given: 0,
  against: [],
  wholeDigits: 0,
  fractionDigits: 0,
  hasNumber: false,
  nested: false,
};

/**
 * Asks rows every question that the first ones leave open.
 *
 * @param args  its relation has the rows' numbers `o`, from 1 without gaps
 */
export async function gatherEvidence(
  session: DuckDbSession,
  args: SurveyArgs,
): Promise<ReadonlyMap<number, ColumnEvidence>> {
  const all = new Map<number, ColumnEvidence>();
  for (let i = 0; i < args.columns.length; i += columnsAtOnce) {
    const columns = args.columns.slice(i, i + columnsAtOnce);
    const asked = (column: number): readonly Question[] =>
      questions.filter((question) => question !== 'formatted' || args.dateFormat(column) !== undefined);
    const first = await ask(session, args, columns, `(SELECT * FROM ${args.relation} LIMIT ${firstRows})`, asked);
    if (args.rows <= firstRows) {
      for (const [column, evidence] of first) all.set(column, evidence);
      continue;
    }
    const known = (column: number): ColumnEvidence['against'] => first.get(column)?.against ?? [];
    const open = (column: number): readonly Question[] =>
      asked(column).filter((question) => !known(column).some((one) => one.question === question));
    for (const [column, evidence] of await ask(session, args, columns, args.relation, open)) {
      all.set(column, { ...evidence, against: inOrder([...known(column), ...evidence.against]) });
    }
  }
  return all;
}

async function ask(
  session: DuckDbSession,
  args: SurveyArgs,
  columns: readonly number[],
  relation: string,
  asked: (column: number) => readonly Question[],
): Promise<ReadonlyMap<number, ColumnEvidence>> {
  const texts = columns.map((c) => `${textsOf(args, c, true)}, c${c} IS NOT NULL AS p${c}`);
  const aggregates = columns.flatMap((c) => [
    `count(*) FILTER (WHERE p${c}) AS present${c}`,
    ...aggregatesOf(args, c, asked(c)),
    ...asked(c).map(
      (question) => `min(o) FILTER (WHERE NOT (${cellOf(args, c).holds(question)})) AS ${question}_o${c}`,
    ),
  ]);
  const [row = {}] = await session.rows(
    `SELECT ${aggregates.join(', ')} FROM (SELECT o, ${texts.join(', ')} FROM ${relation})`,
  );
  return new Map(
    columns.map((c) => {
      const { counterexamples, values, ...facts } = answerOf(row, c, asked(c));
      const against = asked(c).flatMap((question) => {
        const text = counterexamples[question];
        return text === undefined ? [] : [{ question, text, row: Number(row[`${question}_o${c}`]) }];
      });
      return [c, { present: Number(row[`present${c}`] ?? 0), given: values, against, ...facts }] as const;
    }),
  );
}

/** The same evidence of rows that stand behind so many others. */
export function behind(rows: number, evidence: ColumnEvidence): ColumnEvidence {
  return { ...evidence, against: evidence.against.map((one) => ({ ...one, row: one.row + rows })) };
}

/** Associative and commutative: what both say together. Rows are numbered alike in both. */
export function mergeEvidence(one: ColumnEvidence, other: ColumnEvidence): ColumnEvidence {
  return {
    present: one.present + other.present,
    given: one.given + other.given,
    against: inOrder([...one.against, ...other.against]),
    wholeDigits: Math.max(one.wholeDigits, other.wholeDigits),
    fractionDigits: Math.max(one.fractionDigits, other.fractionDigits),
    hasNumber: one.hasNumber || other.hasNumber,
    nested: one.nested || other.nested,
  };
}

/** The first counterexample of each question, in the order of the questions. */
function inOrder(against: ColumnEvidence['against']): ColumnEvidence['against'] {
  return questions.flatMap((question) => {
    const own = against.filter((one) => one.question === question);
    return own.length === 0 ? [] : own.reduce((first, one) => (one.row < first.row ? one : first));
  });
}

/**
 * What a survey of all rows says of the column.
 *
 * @param rows       of the source
 * @param formatted  whether values may have a declared format
 */
export function surveyOf(evidence: ColumnEvidence, rows: number, formatted: boolean): ColumnSurvey {
  const asked = questions.filter((question) => question !== 'formatted' || formatted);
  // A survey asks the first rows first, then a sample, then all; counterexamples stand in the order of these passes.
  const passOf = (row: number): number =>
    !formatted && row <= firstRows ? 0 : rows > sampleRows && row <= sampleRows ? 1 : 2;
  const found = evidence.against
    .filter(({ question }) => asked.includes(question))
    .toSorted((one, other) => passOf(one.row) - passOf(other.row));
  const holds = asked.find((question) => !found.some((one) => one.question === question));
  const settled = found.filter(({ row }) => passOf(row) < 2);
  const open = asked.filter((question) => !settled.some((one) => one.question === question));
  // All rows are asked the first open question, and where it does not hold, the others; without any they are counted.
  const isAskedLast = open.length > 1 || (open.length === 1 && holds !== undefined);
  const { fractionDigits, hasNumber, nested, wholeDigits } = evidence;
  return {
    // Where nothing is left to ask at last, values are counted with those that are blank.
    values: isAskedLast || (rows <= firstRows && !formatted) ? evidence.given : evidence.present,
    holds,
    counterexamples: Object.fromEntries(found.map(({ question, text }) => [question, text])),
    wholeDigits,
    fractionDigits,
    hasNumber,
    nested,
  };
}
