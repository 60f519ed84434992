import { conflictErrorNames, resumedErrorNames, transientErrorNames } from '../run/error-names.ts';

/**
 * The account runs as many functions as it may. The call is repeated for longer than a run may take, so that a run is
 * slower and does not fail: 700 waits of 150 s on average are more than 24 hours.
 */
const throttled = ['Lambda.TooManyRequestsException'];
/** Lambda, not the code in it. */
const lambdaFaults = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
];
/** A function that was killed: what it had committed is in the ledger, and the repeat goes on. */
const killed = ['Lambda.Unknown', 'Sandbox.Timedout', 'Runtime.ExitError', 'Runtime.OutOfMemory', 'States.Timeout'];

interface RetryLine {
  readonly errors: readonly string[];
  readonly interval: number;
  readonly attempts: number;
  readonly max: number;
}

/** Conflicts wait as in the article, 1, 2 and 4 s. Each wait is drawn evenly from 0 to this. */
export const retries = [
  { errors: conflictErrorNames, interval: 1, attempts: 3, max: 4 },
  { errors: resumedErrorNames, interval: 1, attempts: 20, max: 1 },
  { errors: transientErrorNames, interval: 5, attempts: 4, max: 60 },
  { errors: throttled, interval: 2, attempts: 700, max: 300 },
  { errors: lambdaFaults, interval: 1, attempts: 6, max: 30 },
  { errors: killed, interval: 2, attempts: 2, max: 10 },
].map(({ attempts, errors, interval, max }: RetryLine) => ({
  ErrorEquals: [...errors],
  IntervalSeconds: interval,
  BackoffRate: max === interval ? 1.0001 : 2,
  MaxAttempts: attempts,
  MaxDelaySeconds: Math.max(max, interval + 1),
  JitterStrategy: 'FULL',
}));
