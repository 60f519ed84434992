import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { webhooksOf } from '../config/webhook.ts';
import { NotDeployableError } from './errors.ts';
import { longStatements } from './long-statements.ts';

interface Found {
  readonly path: string;
  readonly reference: Readonly<Record<string, unknown>>;
}

/** Every `{"env": …}` and `{"secret": …}` in what pipelines send to their APIs, and in their business rules. */
function references(value: unknown, path: string): readonly Found[] {
  if (typeof value !== 'object' || value === null) return [];
  const record = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(record);
  const isReference =
    (keys.length === 1 && (typeof record.env === 'string' || typeof record.secret === 'string')) ||
    (keys.length === 2 && typeof record.secret === 'string' && typeof record.key === 'string');
  if (isReference) return [{ path, reference: record }];
  // What a pipeline sends as its body are values of the API's own; secrets in it are named as {secret.name}.
  const inner = Object.entries(record).filter(([key]) => key !== 'body' || record.source_type === undefined);
  return inner.flatMap(([key, value]) => references(value, `${path}.${key}`));
}

function allReferences({ data_source, pipelines }: Config): readonly Found[] {
  return [...references(data_source, 'data_source'), ...references(pipelines, 'pipelines')];
}

/**
 * Variables of this machine are not those of the functions, and copying them would put secrets into the template.
 *
 * @throws {NotDeployableError} naming each
 */
export function refuseEnvironmentSecrets(config: Config): void {
  const problems = allReferences(config)
    .filter(({ reference }) => 'env' in reference)
    .map(
      ({ path }) =>
        `${path}: {"env": …} is not there in AWS; keep it in Secrets Manager and name it as {"secret": "name"}`,
    );
  if (problems.length > 0) throw new NotDeployableError(problems);
}

/** Where the keys of rules stand, which the transform reads; all other secrets are of sources. */
const ofRules = /\.business_rules\.\d+\.key$/;

/** Reading exactly the secrets that sources need, and writing those whose refresh tokens change with each use. */
export function sourceSecretStatements(scope: Construct, config: Config): readonly PolicyStatement[] {
  const { data_source, pipelines } = config;
  const auths = [data_source, ...Object.values(pipelines)].map((place) => ('auth' in place ? place.auth : undefined));
  const rotating = auths.flatMap((auth) =>
    auth?.type === 'oauth2_refresh_token' && 'secret' in auth.refresh_token ? [auth.refresh_token.secret] : [],
  );
  return [
    ...readStatements(scope, secretsOf(config, false)),
    ...statements(scope, rotating, 'KeepRefreshTokens', 'secretsmanager:PutSecretValue'),
  ];
}

/** Reading exactly the secrets that business rules need. */
export function ruleSecretStatements(scope: Construct, config: Config): readonly PolicyStatement[] {
  return readStatements(scope, secretsOf(config, true));
}

function secretsOf(config: Config, areOfRules: boolean): readonly string[] {
  return allReferences(config).flatMap(({ path, reference }) =>
    ofRules.test(path) === areOfRules && typeof reference.secret === 'string' ? [reference.secret] : [],
  );
}

/** Reading exactly the secrets that hold the URLs of webhooks. */
export function webhookStatements(scope: Construct, config: Config): readonly PolicyStatement[] {
  const pipelines = [undefined, ...Object.values(config.pipelines).map(({ notify }) => notify)];
  const webhooks = pipelines.flatMap((notify) => webhooksOf(config.deploy.notify, notify));
  return readStatements(
    scope,
    webhooks.map(({ secret }) => secret),
  );
}

function readStatements(scope: Construct, given: readonly string[]): readonly PolicyStatement[] {
  return statements(scope, given, 'ReadSecrets', 'secretsmanager:GetSecretValue');
}

function statements(
  scope: Construct,
  given: readonly string[],
  sid: string,
  action: string,
): readonly PolicyStatement[] {
  const arnOf = (name: string): string =>
    name.startsWith('arn:')
      ? name
      : Stack.of(scope).formatArn({
          service: 'secretsmanager',
          resource: 'secret',
          // Secrets Manager adds six characters to a name.
          resourceName: `${name}-??????`,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        });
  return longStatements(sid, [action], given.map(arnOf));
}
