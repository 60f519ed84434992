import { createSecureContext } from 'node:tls';
import type { SecretReference } from '../../config/secret.ts';
import type { TlsSettings } from '../../config/source-tls.ts';
import { PrivateKeyError } from './errors.ts';
import type { ClientTls } from './http-connections.ts';

/**
 * The certificates and the key that a configuration refers to.
 *
 * @throws {PrivateKeyError} when they are none, or do not belong together
 */
export async function clientTls(
  settings: TlsSettings | undefined,
  read: (value: string | SecretReference) => Promise<string>,
): Promise<ClientTls | undefined> {
  if (settings === undefined) return undefined;
  const of = async (value: string | SecretReference | undefined): Promise<string | undefined> =>
    // In an environment variable or a JSON secret lines often end in \n, as two characters.
    value === undefined ? undefined : (await read(value)).replaceAll('\\n', '\n');
  const [ca, cert, key] = [await of(settings.ca), await of(settings.certificate), await of(settings.key)];
  const passphrase = settings.passphrase === undefined ? undefined : await read(settings.passphrase);
  check('tls.ca', 'is no certificate in PEM', { ca });
  check('tls.certificate', 'is no certificate in PEM', { cert });
  check('tls.key', 'is no private key in PEM that belongs to tls.certificate and opens with tls.passphrase', {
    cert,
    key,
    passphrase,
  });
  return { ca: ca === undefined ? undefined : [ca], cert, key, passphrase };
}

/** Node would say it at the first request, as a fault of the network. */
function check(setting: string, problem: string, parts: Parameters<typeof createSecureContext>[0]): void {
  try {
    createSecureContext(parts);
  } catch {
    throw new PrivateKeyError(setting, problem);
  }
}
