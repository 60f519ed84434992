import { App, Stack } from 'aws-cdk-lib';
import { expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { sourceSecretStatements } from '../../lib/infra/secrets.ts';

it('a secret whose refresh token changes with each use may be written, and no other', () => {
  const config = parseConfig(
    `
data_source:
  base_url: https://api.example.com
  auth: { type: bearer, token: { secret: shop/token } }
pipelines:
  deals:
    source_type: api
    endpoint: deals
    target_table: deals
    auth:
      type: oauth2_refresh_token
      token_url: https://accounts.example.com/token
      client_id: app
      client_secret: { secret: books/client }
      refresh_token: { secret: books/access, key: refresh_token }
`,
    'etl.yaml',
  );
  const stack = new Stack(new App(), 'S', { env: { region: 'us-east-1', account: '123456789012' } });
  const statements = sourceSecretStatements(stack, config).map((statement) => statement.toJSON());
  expect(statements.map(({ Action, Sid }) => [Sid, Action])).toEqual([
    ['ReadSecrets', 'secretsmanager:GetSecretValue'],
    ['KeepRefreshTokens', 'secretsmanager:PutSecretValue'],
  ]);
  const names = statements.map(({ Resource }) =>
    [...JSON.stringify(stack.resolve(Resource)).matchAll(/secret:([a-z/]+)-\?{6}/g)].map(([, name]) => name),
  );
  expect(names).toEqual([['shop/token', 'books/client', 'books/access'], ['books/access']]);
});
