import { ownText } from '../transform/infer/own-type.ts';
import type { RawRows } from '../transform/read/raw-rows.ts';

/**
 * SQL of a text that two rows share if, and only if, they are equal in every column: each value behind its length, and no
 * length where there is no value. DuckDB takes 0.0 and -0.0 for equal, and so they have one text.
 */
export function rowIdentity({ columns, kind }: Pick<RawRows, 'columns' | 'kind'>): string {
  const values = columns.map(({ duckType }, i) => {
    const cell = `c${i}`;
    const text = kind === 'typed' ? ownText(cell, duckType) : cell;
    const value = /^(FLOAT|DOUBLE)$/.test(duckType) ? `CASE WHEN ${cell} = 0 THEN '0' ELSE ${text} END` : text;
    return `strlen(${value}), ':', ${value}, ','`;
  });
  return `concat(${values.join(', ')})`;
}
