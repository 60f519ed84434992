/** The functions, each a file of `functions/`, and whether its bundle holds DuckDB, which is 70 MB. */
export const functions = {
  record: { duckDb: false },
  extract: { duckDb: false },
  transform: { duckDb: true },
  scatter: { duckDb: true },
  load: { duckDb: true },
  notify: { duckDb: false },
  bootstrap: { duckDb: false },
  collect: { duckDb: false },
} as const;

export type FunctionName = keyof typeof functions;

/** The names in a fixed order. */
export const functionNames = Object.keys(functions) as readonly FunctionName[];

/** Something for each function. */
export function forEachFunction<Value>(make: (name: FunctionName) => Value): Readonly<Record<FunctionName, Value>> {
  return Object.fromEntries(functionNames.map((name) => [name, make(name)])) as Readonly<Record<FunctionName, Value>>;
}
