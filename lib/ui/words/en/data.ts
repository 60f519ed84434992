/** The texts of the view `data` in English. */
export const data = {
  title: 'Data',
  text: 'The first rows of a table or of a query. Every statement runs in a transaction that only reads.',
  tables: 'Tables',
  noTables: 'There is no table yet.',
  query: 'Query',
  run: 'Run query',
  rows: (shown: string) => `${shown} rows`,
  first: (shown: string) => `The first ${shown} rows`,
  failed: 'The database refused the query',
  none: 'No rows.',
  characters: (number: string) => `${number} characters`,
  service: 'kept by the service',
  columns: (number: string) => `${number} columns`,
};
