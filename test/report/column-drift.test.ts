import { describe, expect, it } from 'vitest';
import { columnDrift } from '../../lib/report/column-drift.ts';

const run = (types: Readonly<Record<string, string>>): Parameters<typeof columnDrift>[1] => ({
  columns: Object.entries(types).map(([name, type]) => ({ name, type })),
});

describe('the drift of columns between two runs', () => {
  it('is none where a type is the same by another name, as it is declared and as the catalog prints it', () => {
    const declared = { at: 'timestamptz', amount: 'numeric', name: 'varchar(40)', n: 'int', since: 'time' };
    const printed = {
      at: 'timestamp with time zone',
      amount: 'numeric(18,6)',
      name: 'character varying(40)',
      n: 'integer',
      since: 'time without time zone',
    };
    expect(columnDrift(run(declared), run(printed))).toEqual([]);
  });

  it('names columns that came and went, and types that are others', () => {
    const before = { id: 'bigint', amount: 'numeric(12,2)', at: 'timestamptz', shape: 'point' };
    const after = { id: 'bigint', amount: 'numeric(12,3)', at: 'timestamp', shape: 'polygon', note: 'text' };
    expect(columnDrift(run(before), run(after))).toEqual([
      { column: 'amount', before: 'numeric(12,2)', after: 'numeric(12,3)' },
      { column: 'at', before: 'timestamptz', after: 'timestamp' },
      { column: 'shape', before: 'point', after: 'polygon' },
      { column: 'note', before: null, after: 'text' },
    ]);
  });
});
