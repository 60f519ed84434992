import { TerminalError, TransientError } from '../../../errors.ts';
import type { RequestShown } from '../errors.ts';
import { said } from '../said.ts';

/** A job ended without a result. The next attempt starts another one. */
export class JobFailedError extends TransientError {
  override readonly name = 'JobFailedError';
  readonly code = 'api_job_failed';

  constructor(request: RequestShown, status: string, excerpt: string) {
    super(
      `${request.method} ${request.url} says that the job is ${status}${said(excerpt)}. Correct what the API complains about, or run again.`,
    );
  }
}

/** A job took longer than it may. The next attempt starts another one. */
export class JobTimeoutError extends TransientError {
  override readonly name = 'JobTimeoutError';
  readonly code = 'api_job_timeout';

  constructor(request: RequestShown, status: string, timeoutSeconds: number) {
    super(
      `${request.method} ${request.url} still says that the job is ${status}, ${timeoutSeconds.toLocaleString('en-US')} s after its start. Raise async.timeout, or add this status to done_values or failed_values.`,
    );
  }
}

/** A response about a job lacks what the configuration says it has. */
export class JobAnswerError extends TerminalError {
  override readonly name = 'JobAnswerError';
  readonly code = 'api_job_answer';

  constructor(request: RequestShown, what: string, setting: string, excerpt: string) {
    super(`The response of ${request.method} ${request.url} has no ${what}${said(excerpt)}. Check ${setting}.`);
  }
}
