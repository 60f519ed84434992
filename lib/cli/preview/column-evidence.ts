import type { PreviewColumn } from '../../preview/preview.ts';

/** What a type is called where values are said not to have it. */
const kinds: Readonly<Record<string, string>> = {
  boolean: 'not true or false',
  bigint: 'no whole number',
  numeric: 'no number',
  'double precision': 'no number',
  date: 'no date',
  timestamp: 'no timestamp',
  timestamptz: 'no timestamp with a zone',
  uuid: 'no UUID',
};

/** Why a column has its type, in words, and what a narrower type would cost. */
export function explainColumn(column: PreviewColumn): string {
  const { closest, evidence, name, state, undecided } = column;
  if (state === 'gone') return 'the table has it and the source does not; rows that exist keep their values';
  if (undecided === true) return 'no row has a value, so the table gets it when one has';
  if (closest === undefined) return evidence ?? 'added by the service';
  const { example, misfits, row_number: row, source, type, values } = closest;
  const [are, rows] = misfits === 1 ? ['is', 'that row'] : ['are', 'those rows'];
  const many = `${misfits.toLocaleString('en')} of ${values.toLocaleString('en')} values ${are} ${kinds[type] ?? `no ${type}`}`;
  return `because ${many}: ${JSON.stringify(example)}, ${source}, row ${row}; columns: { ${name}: ${type} } would reject ${rows}`;
}
