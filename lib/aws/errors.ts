import { TerminalError } from '../errors.ts';

/** There are no credentials, or they cannot be used. */
export class AwsCredentialsError extends TerminalError {
  override readonly name = 'AwsCredentialsError';
  readonly code = 'aws_credentials';

  constructor(reason: string, options: { readonly cause?: unknown }) {
    super(`There are no AWS credentials to use: ${reason} Try: aws sts get-caller-identity`, options);
  }
}

/** AWS refused a call. */
export class AwsCallRefusedError extends TerminalError {
  override readonly name = 'AwsCallRefusedError';
  readonly code = 'aws_refused';
  /** AWS's name of the error, e.g. `AccessDeniedException`. */
  readonly reason: string;

  constructor(action: string, reason: string, message: string) {
    const hint = /AccessDenied|NotAuthorized/.test(reason) ? ` Ask for the permission ${action}.` : '';
    super(`AWS refused ${action} (${reason}): ${message}${hint}`);
    this.reason = reason;
  }
}

/** AWS could not be reached in any of four attempts; no further one is made. */
export class AwsUnreachableError extends TerminalError {
  override readonly name = 'AwsUnreachableError';
  readonly code = 'aws_unreachable';

  constructor(origin: string, reason: string, options: { readonly cause?: unknown }) {
    super(`${origin} could not be reached: ${reason}. Check the network and the Region.`, options);
  }
}

/** The Region is nowhere to be found. */
export class RegionUnknownError extends TerminalError {
  override readonly name = 'RegionUnknownError';
  readonly code = 'region_unknown';

  constructor() {
    super('The Region of the deployment is not known. Give --region, or set AWS_REGION.');
  }
}

/** There is no such state machine in the account and Region. */
export class ServiceNotDeployedError extends TerminalError {
  override readonly name = 'ServiceNotDeployedError';
  readonly code = 'service_not_deployed';

  constructor(name: string, region: string, others: readonly string[]) {
    const known = others.length === 0 ? '' : ` Deployed there: ${others.join(', ')}.`;
    super(
      `There is no state machine ${name} in ${region}.${known} Check --stage and --region, or deploy first (docs/deploy.md).`,
    );
  }
}

/** A new refresh token could not be written into its secret. The old one may have been ended by its use. */
export class RefreshTokenNotKeptError extends TerminalError {
  override readonly name = 'RefreshTokenNotKeptError';
  readonly code = 'refresh_token_not_kept';

  constructor(secret: string, options: { readonly cause?: unknown }) {
    super(
      `The refresh token could not be kept in the secret ${secret}. Give the permission secretsmanager:PutSecretValue; where the old token is refused from now on, give access again and put the new token there.`,
      options,
    );
  }
}
