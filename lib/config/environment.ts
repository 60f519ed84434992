/** The only place that reads `process.env`; everything else is given what it needs. */
export interface Environment {
  /** Folder for state instead of `.etl/` beside the configuration. */
  readonly home: string | undefined;
  readonly variable: (name: string) => string | undefined;
}

export function readEnvironment(): Environment {
  const variable = (name: string): string | undefined => process.env[name];
  return { home: variable('ETL_HOME'), variable };
}
