import type { Remedies } from '../remedy.ts';

/** Of secrets, logins and proxies, in English. */
export const credentials = {
  login_refused: {
    means: 'The login gave nothing that could be sent with requests.',
    todo: 'Check `auth`: user, password, `token_path` and `token_header`.',
  },
  oauth_server_busy: { means: 'The server that issues OAuth tokens says: later.', todo: 'Wait and run again.' },
  oauth_token_refused: {
    means: 'An OAuth token could not be had.',
    todo: 'Check `auth`: its client, its secrets and its scope. A refresh token may have been revoked.',
  },
  private_key: {
    means: 'A private key or a certificate cannot be used.',
    todo: 'Check that the secret holds the whole file, with its lines.',
  },
  proxy_refused: {
    means: 'A proxy does not let a request through; nothing was sent to where it was to go.',
    todo: 'Have it allowed there, give name and password in `HTTPS_PROXY`, or list the host in `NO_PROXY`.',
  },
  refresh_token_not_kept: {
    means: 'A new refresh token could not be written into its secret; the old one may have been ended by its use.',
    todo: 'Give the permission `secretsmanager:PutSecretValue`. Where the old token is refused from now on, give access again and put the new token there.',
  },
  secret_not_found: {
    means: 'A secret that the configuration refers to is not there, or has no such key.',
    todo: 'Make it, or correct the reference; where a variable of the environment holds it, set that.',
  },
} as const satisfies Remedies;
