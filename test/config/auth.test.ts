import { describe, expect, it } from 'vitest';
import { InvalidConfigError } from '../../lib/config/errors.ts';
import { parseConfig } from '../../lib/config/read-config.ts';

function problemsOf(dataSource: object): readonly string[] {
  const config = {
    data_source: { base_url: 'https://api.example.com', ...dataSource },
    pipelines: { p: { source_type: 'api', endpoint: 'rows', target_table: 't' } },
  };
  try {
    parseConfig(JSON.stringify(config), 'etl.json');
    return [];
  } catch (thrown) {
    if (!(thrown instanceof InvalidConfigError)) throw thrown;
    return thrown.problems.map(({ message, path }) => `${path}: ${message}`);
  }
}

const secret = { env: 'S' };
const login = { type: 'login', login_url: 'https://api.example.com/login' };
const token = { token_url: 'https://api.example.com/token' };

describe('etl check refuses credentials that mean nothing, with their place', () => {
  it.each([
    [{ auth: { ...login } }, 'data_source.auth.token_path: is missing: give token_path, token_header or cookies'],
    [{ auth: { ...login, token_path: '$.a', token_header: 'b' } }, 'auth.token_header: and token_path are two places'],
    [{ auth: { ...login, cookies: true, send_as: { name: 'X' } } }, 'auth.send_as: says how a token is sent'],
    [{ auth: { ...login, cookies: true, body: {}, form: {} } }, 'auth.form: and body are two bodies'],
    [{ auth: { ...login, cookies: true, method: 'GET', form: {} } }, 'auth.method: must be POST'],
    [{ auth: { ...login, cookies: true, password: secret } }, 'auth.username: and password belong together'],
    [{ auth: { ...login, token_path: '$.a[*]' } }, 'auth.token_path: must be a path of names and indexes'],
    [{ auth: { type: 'hmac', key: secret, message: '{body}' } }, 'auth.headers: send no {signature}'],
    [
      { auth: { type: 'hmac', key: secret, message: '{bodi}', headers: { X: '{signature}' } } },
      'auth.message: has the unknown placeholder {bodi}; did you mean {body}? Known here are method, host',
    ],
    [
      { auth: { type: 'hmac', key: secret, message: '{signature}', headers: { X: '{signature}' } } },
      'auth.message: has the unknown placeholder {signature}',
    ],
    [
      { auth: { type: 'hmac', key: secret, message: '{key_id}', headers: { X: '{signature}' } } },
      'auth.message: has {key_id}, which needs key_id',
    ],
    [
      { auth: { type: 'hmac', key: secret, message: 'm', query: { X: '{signature}', Y: '{body}' } } },
      'auth.query.Y: has the unknown placeholder {body}',
    ],
    [
      { auth: { type: 'oauth2_refresh_token', ...token, refresh_token: { secret: 's' } } },
      'auth.refresh_token: needs a key: the secret is a JSON object, in which the newest token is kept',
    ],
    [
      { auth: { type: 'oauth2_custom_grant', ...token, grant_type: 'g', client_secret: secret } },
      'auth.client_secret: needs client_id, whose secret it is',
    ],
    [{ tls: {} }, 'data_source.tls.ca: or certificate with key are needed'],
    [{ tls: { certificate: secret } }, 'tls.key: is missing: a client certificate needs its key'],
    [{ tls: { key: secret } }, 'tls.certificate: is missing'],
    [{ tls: { ca: secret, passphrase: secret } }, 'tls.passphrase: needs key'],
    [{ auth: { type: 'oauth2_password', ...token, username: 'u', password: 'open' } }, 'auth.password'],
  ])('%j', (dataSource, problem) => {
    const problems = problemsOf(dataSource);
    expect(problems.some((text) => text.includes(problem))).toBe(true);
  });
});
