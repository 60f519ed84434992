import type { ExitStatus } from '../exit-status.ts';

/** What every command of `etl aws` takes. */
export interface AwsOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly region?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What `etl aws start` takes besides. */
export interface StartOptions {
  readonly again?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly wait?: boolean | undefined;
  /** JSON of an object. */
  readonly input?: string | undefined;
  readonly follow?: boolean | undefined;
}

/** 1 for a run that ended otherwise than well. */
export function exitStatusOf(execution: { readonly status: string }): ExitStatus {
  return execution.status === 'SUCCEEDED' || execution.status === 'RUNNING' ? 0 : 1;
}
