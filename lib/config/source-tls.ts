import { z } from 'zod';
import { openOrSecretSchema, secretReferenceSchema } from './secret.ts';

/** How the two ends of a TLS connection prove who they are, where the usual CAs do not say it. */
export const tlsSchema = z
  .strictObject({
    certificate: openOrSecretSchema
      .optional()
      .describe('The client certificate (mTLS) as PEM, with its chain, or a reference to it.'),
    key: secretReferenceSchema.optional().describe('The private key of the certificate, as PEM.'),
    passphrase: secretReferenceSchema.optional().describe('The passphrase of the key, where it has one.'),
    ca: openOrSecretSchema
      .optional()
      .describe('Certificates of CAs that are trusted besides the usual ones, as PEM, or a reference to them.'),
  })
  .superRefine(({ ca, certificate, key, passphrase }, context) => {
    const add = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (certificate !== undefined && key === undefined) add('key', 'is missing: a client certificate needs its key');
    if (certificate === undefined && key !== undefined) add('certificate', 'is missing: the key is that of one');
    if (key === undefined && passphrase !== undefined) add('passphrase', 'needs key, whose passphrase it is');
    if ((certificate ?? key ?? ca) === undefined) add('ca', 'or certificate with key are needed; tls says nothing');
  })
  .describe('A client certificate, and CAs of your own; for the origins that the configuration names.');

export type TlsSettings = z.infer<typeof tlsSchema>;
