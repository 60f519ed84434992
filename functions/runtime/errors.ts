import { TerminalError, TransientError } from '../../lib/errors.ts';
import { describeThrown } from './describe-thrown.ts';

/** The input of the execution is not valid. */
export class InvalidInputError extends TerminalError {
  override readonly name = 'InvalidInputError';
  readonly code = 'invalid_input';

  constructor(problems: string) {
    super(`The input of the execution cannot be used: ${problems}. Give at least {"pipeline": "<name>"}.`);
  }
}

/** A function was deployed without something it needs. */
export class IncompleteDeploymentError extends TerminalError {
  override readonly name = 'IncompleteDeploymentError';
  readonly code = 'incomplete_deployment';

  constructor(problems: string) {
    super(`The function is not deployed completely: ${problems}. Deploy again.`);
  }
}

/** A stage that cannot go on in another call needs more time than its function has. */
export class StageTooSlowError extends TerminalError {
  override readonly name = 'StageTooSlowError';
  readonly code = 'stage_too_slow';

  /** `otherwise` is what helps besides more memory and time. */
  constructor(stage: string, setting: string, otherwise = 'load less at once') {
    super(
      `The ${stage} did not end within the time of its function. Raise deploy.${setting}.memory_mb (more memory is more processors) or timeout_seconds, or ${otherwise}.`,
    );
  }
}

/** A stage was stopped before its function's time was up, and goes on when it is called again. */
export class StageInterruptedError extends TransientError {
  override readonly name = 'StageInterruptedError';
  readonly code = 'stage_interrupted';

  constructor(stage: string) {
    super(`The ${stage} did not end within the time of its function. It goes on in another call.`);
  }
}

/** A function's time was nearly up and its work had not ended; what is durable stays, and a repeat goes on. */
export class FunctionOutOfTimeError extends TransientError {
  override readonly name = 'FunctionOutOfTimeError';
  readonly code = 'function_timed_out';

  constructor(options: { readonly cause?: unknown } = {}) {
    super(
      'A function ran out of time, also when it was called again. Raise its timeout_seconds or memory_mb, and see in its log what it waited for.',
      options,
    );
  }
}

/** The run's files are not in the staging bucket. */
export class ManifestMissingError extends TerminalError {
  override readonly name = 'ManifestMissingError';
  readonly code = 'manifest_missing';

  constructor(key: string) {
    super(`The staging bucket has no ${key}. Start the run over with "again": true.`);
  }
}

/** A webhook did not take a notice in any attempt; the topic has the notice all the same. */
export class WebhookFailedError extends TerminalError {
  override readonly name = 'WebhookFailedError';
  readonly code = 'webhook_failed';

  constructor(secret: string, reason: string) {
    super(`The webhook of the secret ${secret} did not take the notice: ${reason}.`);
  }
}

/** The notice could not be published. */
export class NoticeNotSentError extends TransientError {
  override readonly name = 'NoticeNotSentError';
  readonly code = 'notice_not_sent';

  constructor(reason: string, options: { readonly cause?: unknown }) {
    super(`The notice could not be published: ${reason}.`, options);
  }
}

/** An execution could not be started. */
export class ExecutionNotStartedError extends TransientError {
  override readonly name = 'ExecutionNotStartedError';
  readonly code = 'execution_not_started';

  constructor(reason: string, options: { readonly cause?: unknown }) {
    super(`The next run could not be started: ${reason}.`, options);
  }
}

/** An object that nobody can load could not be kept in the dead-letter queue. */
export class ObjectNotKeptError extends TransientError {
  override readonly name = 'ObjectNotKeptError';
  readonly code = 'object_not_kept';

  constructor(reason: string, options: { readonly cause?: unknown }) {
    super(`An object that no run could load was not kept in the dead-letter queue: ${reason}.`, options);
  }
}

/** The response to CloudFormation was not delivered; CloudFormation would wait for an hour. */
export class ResponseNotDeliveredError extends TransientError {
  override readonly name = 'ResponseNotDeliveredError';
  readonly code = 'response_not_delivered';

  constructor(reason: string, options: { readonly cause?: unknown } = {}) {
    super(`CloudFormation did not receive the result of the bootstrap: ${reason}.`, options);
  }
}

/** Anything that is not one of our errors: what it is and where it was thrown, so that it can be explained. */
export class UnexpectedError extends TerminalError {
  override readonly name = 'UnexpectedError';
  readonly code = 'unexpected';

  constructor(cause: unknown) {
    super(`Something unexpected happened: ${describeThrown(cause)}. See the function's log.`, { cause });
  }
}

/** A failure of another function, as Step Functions passes it on. */
export class StageFailedError extends TerminalError {
  override readonly name = 'StageFailedError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
