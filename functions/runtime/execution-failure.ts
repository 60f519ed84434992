import { ownValue } from '../../lib/own-value.ts';
import { conflictErrorNames, resumedErrorNames, transientErrorNames } from '../../lib/run/error-names.ts';
import { knownFailures } from './known-failures.ts';

/** Why a run failed, for messages and for subscription filters. */
export interface Failure {
  /** The error's name on the wire. */
  readonly error: string;
  /** Stable, snake_case. */
  readonly code: string;
  readonly message: string;
}

/** What says nothing about the objects of a run: the other side was busy, or another run or a person was in the way. */
const notOfObjects: ReadonlySet<string> = new Set([
  ...conflictErrorNames,
  ...resumedErrorNames,
  ...transientErrorNames,
  'LeaseLostError',
  'SourceObjectChangedError',
  'TargetAccessDeniedError',
  'EarlierRunError',
]);

/** Whether a run may have failed because of an object that it read. */
export function mayBeOfObjects({ code, error }: Failure): boolean {
  const ofLambda = error.startsWith('Lambda.') && error !== 'Lambda.Unknown';
  return !notOfObjects.has(error) && !ofLambda && code !== 'run_aborted';
}

/** Reads what Step Functions says of a failure; a Lambda's error is JSON in `Cause`, its code in brackets at the end. */
export function failureOf(
  status: string,
  given: { readonly Error?: string | undefined; readonly Cause?: string | undefined },
): Failure {
  const error = given.Error ?? status;
  const plain = ownValue(knownFailures, error) ?? ownValue(knownFailures, status);
  if (plain !== undefined) return { error, code: plain[0], message: plain[1] };
  const text = errorMessage(given.Cause) ?? given.Cause ?? 'No reason was given.';
  const [, message = text, code = 'unexpected'] = /^(.*) \[([a-z0-9_]+)\]$/s.exec(text) ?? [];
  return { error, code, message };
}

function errorMessage(cause: string | undefined): string | undefined {
  try {
    const parsed: unknown = JSON.parse(cause ?? '');
    return typeof parsed === 'object' &&
      parsed !== null &&
      'errorMessage' in parsed &&
      typeof parsed.errorMessage === 'string'
      ? parsed.errorMessage
      : undefined;
  } catch {
    return undefined;
  }
}
