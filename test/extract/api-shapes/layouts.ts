import { type Shape, stock } from './shape.ts';

/** APIs that answer at once, with the rows in a place or a form of their own. */
export const layoutShapes: Readonly<Record<string, Shape>> = {
  'columns in place of rows': {
    rows: '$.hourly.time[*]',
    answer: () => ({ body: { latitude: 52.5, hourly: { time: ['00:00', '01:00'], temp: [1.5, 2] } } }),
    tuned: { records_path: '$.hourly', columnar: true },
    count: 2,
  },
  'rows by their keys': {
    rows: '$.data[*]',
    answer: () => ({ body: { data: Object.fromEntries(stock.rows.map((row) => [`k${String(row.id)}`, row])) } }),
    tuned: { record_name_column: 'key' },
  },
  'one answer with a status': {
    rows: '$.data.result',
    answer: () => ({ body: { status: 'success', data: { resultType: 'matrix', result: stock.rows } } }),
    tuned: {},
  },
  'the values of a sheet': {
    rows: '$.values',
    answer: () => ({ body: { range: 'A1:B3', values: [['id'], ['1'], ['2']] } }),
    tuned: { header: 'first_row' },
    count: 3,
    tunedCount: 2,
  },
};
