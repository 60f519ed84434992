import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const year = 365 * 24 * 60 * 60 * 1_000;

export interface Signed {
  readonly certificate: string;
  readonly key: string;
}

/** An authority of its own, as PEM, and certificates that it signs. */
export async function certificateAuthority(): Promise<{
  readonly ca: string;
  readonly sign: (name: string) => Promise<Signed>;
}> {
  const notBefore = new Date(Date.now() - year);
  const notAfter = new Date(Date.now() + year);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=test authority',
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const sign = async (name: string): Promise<Signed> => {
    const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: '02',
      subject: `CN=${name}`,
      issuer: authority.subject,
      notBefore,
      notAfter,
      signingAlgorithm: algorithm,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          { type: 'dns', value: name },
          { type: 'ip', value: '127.0.0.1' },
        ]),
      ],
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey)).toString('base64');
    const lines = der.match(/.{1,64}/g)?.join('\n') ?? '';
    const key = `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
    return { certificate: certificate.toString('pem'), key };
  };
  return { ca: authority.toString('pem'), sign };
}
