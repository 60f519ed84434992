import { grouped } from '../../grouped.ts';
import { type ColumnType, columnType, maxDuckDigits, maxNumericDigits } from './column-type.ts';
import type { ColumnSurvey, Question } from './survey.ts';

/** A type and why it is that. */
export interface InferredType {
  readonly type: ColumnType;
  /** For `etl preview` and the manifest; may quote a value, shortened to 40 characters. */
  readonly evidence: string;
}

/** The narrowest type that holds every value of the column without losing anything; text where there is none. */
export function inferType(survey: ColumnSurvey, dateFormat: string | undefined): InferredType {
  const all = allValues(survey);
  const holds = (question: Question): boolean => survey.holds === question;
  const not = (question: Question, type: string): string => {
    const value = survey.counterexamples[question];
    return value === undefined ? '' : `; ${JSON.stringify(value)} rules out ${type}`;
  };
  const answer = (pg: string, evidence: string): InferredType => ({ type: columnType(pg), evidence });
  if (survey.values === 0) {
    return answer('text', 'no row has a value');
  }
  if (survey.nested) {
    return answer('jsonb', 'some values are objects or lists');
  }
  if (dateFormat !== undefined && holds('formatted')) {
    return answer(typeOfFormat(dateFormat), `${all} are of the format ${dateFormat}`);
  }
  if (holds('boolean')) {
    return answer('boolean', `${all} are true or false`);
  }
  if (holds('bigint')) {
    return answer('bigint', `${all} are whole numbers`);
  }
  if (holds('numeric')) {
    const digits = survey.wholeDigits + survey.fractionDigits;
    if (digits <= maxNumericDigits) {
      const precision = Math.max(maxDuckDigits, digits);
      const evidence = `${all} are numbers, ${survey.fractionDigits} digits behind the point at most${not('bigint', 'bigint')}`;
      const { type } = answer(`numeric(${precision},${survey.fractionDigits})`, evidence);
      // Narrow decimals are many times faster to read, to compute with and to write.
      return { type: digits <= 18 ? { ...type, duck: `DECIMAL(18,${survey.fractionDigits})` } : type, evidence };
    }
  }
  if (holds('double') && survey.hasNumber) {
    return answer(
      'double precision',
      `${all} are numbers that a double holds exactly as written${not('numeric', 'numeric')}`,
    );
  }
  for (const [question, pg, what] of temporal) {
    if (holds(question)) {
      return answer(pg, `${all} are ${what}`);
    }
  }
  if (holds('uuid')) {
    return answer('uuid', `${all} are UUIDs`);
  }
  return answer('text', `no narrower type holds ${allValues(survey)}${why(survey)}`);
}

function allValues({ values }: ColumnSurvey): string {
  return values === undefined ? 'all values' : `all ${grouped(values)} values`;
}

const temporal = [
  ['date', 'date', 'ISO 8601 dates'],
  ['timestamp', 'timestamp', 'ISO 8601 timestamps without a zone'],
  ['timestamptz', 'timestamptz', 'ISO 8601 timestamps with a zone'],
] as const;

/** The value that ruled the most out: the last to be met among the first counterexamples is the most telling. */
function why(survey: ColumnSurvey): string {
  const examples = [...new Set(Object.values(survey.counterexamples))]
    .slice(0, 2)
    .map((value) => JSON.stringify(value));
  return examples.length === 0 ? '' : `: ${examples.join(' and ')}`;
}

/** What a strptime format describes. */
export function typeOfFormat(format: string): 'date' | 'timestamp' | 'timestamptz' {
  if (/%[zZ]/.test(format)) {
    return 'timestamptz';
  }
  return /%-?[HIMSpfgncXxN]/.test(format) ? 'timestamp' : 'date';
}
