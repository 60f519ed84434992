/**
 * Names of errors as Step Functions matches them. The state machine's Retry lists are made of these, and a test throws
 * every class through a handler and compares.
 */

/** Another transaction was in the way; waiting helps soon. */
export const conflictErrorNames = ['ConflictRetriesExhaustedError'] as const;

/** Nothing is wrong with the work itself; the call goes on where the last one stopped. */
export const resumedErrorNames = ['StageInterruptedError'] as const;

/** The other side did not answer, or asked to wait. Every other `TransientError`. */
export const transientErrorNames = [
  'ResponseNotDeliveredError',
  'ApiBusyError',
  'ApiErrorResponseError',
  'ApiUnreachableError',
  'ExecutionNotStartedError',
  'FunctionOutOfTimeError',
  'JobFailedError',
  'JobTimeoutError',
  'NoticeNotSentError',
  'ObjectNotKeptError',
  'RowsMissingError',
  'S3UnavailableError',
  'SinkWriteError',
  'SourceFileChangedError',
  'StoreUnavailableError',
  'TableBusyError',
  'TargetUnavailableError',
  'TokenServerBusyError',
  'UndoUnderWayError',
  'WaitTooLongError',
] as const;
