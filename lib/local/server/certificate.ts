// First: @peculiar/x509 refuses to load without it.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as x509 from '@peculiar/x509';
import type { LocalFolder } from '../postgres/folder.ts';
import { writePrivately } from './private-file.ts';

/** PEM texts of the server's certificate, its key, and the authority that signed it. */
export interface LocalCertificate {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const days = 24 * 60 * 60 * 1000;

/**
 * Reads the certificate of this folder, or makes an authority and a certificate for `names` once. Ten years, so that a
 * checkout left alone keeps working; renewed when less than 30 days remain or a name is missing. The authority's key is
 * thrown away after signing, so nothing else can be signed with it.
 */
export async function loadCertificate(
  folder: LocalFolder,
  names: readonly string[],
  now: Date,
): Promise<LocalCertificate> {
  const kept = readKept(folder);
  if (kept !== undefined && isUsable(kept.certificate, names, now)) return kept;
  const made = await makeCertificate(names, now);
  writePrivately(folder.keyFile, made.key);
  writePrivately(folder.certificateFile, made.certificate);
  writePrivately(folder.caFile, made.ca);
  return made;
}

function readKept(folder: LocalFolder): LocalCertificate | undefined {
  try {
    return {
      ca: readFileSync(folder.caFile, 'utf8'),
      certificate: readFileSync(folder.certificateFile, 'utf8'),
      key: readFileSync(folder.keyFile, 'utf8'),
    };
  } catch {
    return undefined;
  }
}

function isUsable(pem: string, names: readonly string[], now: Date): boolean {
  const certificate = new x509.X509Certificate(pem);
  const alternatives = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const known = new Set(alternatives.map((name) => name.value));
  return certificate.notAfter.getTime() - now.getTime() > 30 * days && names.every((name) => known.has(name));
}

async function makeCertificate(names: readonly string[], now: Date): Promise<LocalCertificate> {
  const notBefore = new Date(now.getTime() - days);
  const notAfter = new Date(now.getTime() + 3_650 * days);
  const authorityKeys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=dsql-etl local authority',
    notBefore,
    notAfter,
    signingAlgorithm: keyAlgorithm,
    keys: authorityKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const serverKeys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const server = await x509.X509CertificateGenerator.create({
    serialNumber: '02',
    subject: 'CN=localhost',
    issuer: authority.subject,
    notBefore,
    notAfter,
    signingAlgorithm: keyAlgorithm,
    publicKey: serverKeys.publicKey,
    signingKey: authorityKeys.privateKey,
    extensions: [
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value }) as const),
      ),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey);
  return {
    ca: `${authority.toString('pem')}\n`,
    certificate: `${server.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  };
}
