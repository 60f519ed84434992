import { isExactAsDouble } from './common-type.ts';
import type { ParquetQuestion } from './opened-parts.ts';

/** What has to be known of the values of a column before it can have this type; undefined where nothing has. */
export function questionOf(type: string): ParquetQuestion | undefined {
  // pandas writes every timestamp with nanoseconds; where none are used, PostgreSQL's microseconds hold it exactly.
  if (type === 'TIMESTAMP_NS') return 'microseconds';
  return type === 'DOUBLE' ? 'exact_double' : undefined;
}

/** SQL of a question about a value of a type; undefined where the answer is yes for every value. */
export function conditionOf(question: ParquetQuestion, value: string, type: string): string | undefined {
  if (question === 'exact_double') return isExactAsDouble(value, type);
  return type === 'TIMESTAMP_NS' ? `coalesce(epoch_ns(${value}) % 1000 = 0, true)` : undefined;
}

/** Whether the answer is yes whatever the values of the type are. */
export function isAlwaysYes(question: ParquetQuestion, type: string): boolean {
  return conditionOf(question, 'x', type) === undefined;
}
