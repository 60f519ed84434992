import { DsqlSigner } from '@aws-sdk/dsql-signer';
import { loadCredentials } from './gate/credentials.ts';
import { localFolder } from './postgres/folder.ts';
import type { LocalEndpoint } from './server/control-protocol.ts';

/**
 * A password for the local DSQL, whether it runs or not.
 *
 * @param expiresIn  seconds the token is good for connecting; 900 by default, 604,800 at most
 */
export async function localDsqlToken(
  stateDir: string,
  options: { readonly user?: string; readonly expiresIn?: number } = {},
): Promise<string> {
  const { accessKeyId, secretAccessKey, region } = loadCredentials(localFolder(stateDir).credentialsFile);
  const signer = new DsqlSigner({
    hostname: 'localhost',
    region,
    credentials: { accessKeyId, secretAccessKey },
    expiresIn: options.expiresIn ?? 900,
  });
  const admin = (options.user ?? 'admin') === 'admin';
  return admin ? await signer.getDbConnectAdminAuthToken() : await signer.getDbConnectAuthToken();
}

/**
 * The variables by which libpq and most drivers learn where to connect and how. The password is a token that is good for a
 * week, so that a shell can keep it.
 */
export async function localDsqlVariables(
  stateDir: string,
  endpoint: LocalEndpoint,
): Promise<Readonly<Record<string, string>>> {
  return {
    PGHOST: endpoint.hostname,
    PGPORT: String(endpoint.port),
    PGUSER: endpoint.user,
    PGDATABASE: 'postgres',
    PGPASSWORD: await localDsqlToken(stateDir, { expiresIn: 604_800 }),
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: endpoint.caFile,
  };
}
