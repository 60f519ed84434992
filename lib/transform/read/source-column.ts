import { quoteText } from '../../duckdb/quote.ts';
import type { RawRows } from './raw-rows.ts';

/** The rows with one more column that says which source each came from; as they are where no name is given. */
export function withSourceColumn(raw: RawRows, name: string | undefined): RawRows {
  if (name === undefined || raw.columns.length === 0) {
    return raw;
  }
  const column = `c${raw.columns.length}`;
  const text = (source: string): string => quoteText(raw.kind === 'json' ? JSON.stringify(source) : source);
  // From the last part to the first: a row belongs to the last part whose rows begin before it.
  const whens = raw.parts.toReversed().map(({ base, source }) => `WHEN o > ${base} THEN ${text(source)}`);
  return {
    ...raw,
    relation: `(SELECT *, CASE ${whens.join(' ')} END AS ${column} FROM ${raw.relation})`,
    columns: [...raw.columns, { sourceName: name, duckType: 'VARCHAR' }],
  };
}
