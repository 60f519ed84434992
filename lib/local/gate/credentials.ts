import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { createPrivately, writePrivately } from '../server/private-file.ts';

const credentialsSchema = z.strictObject({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  clusterId: z.string(),
  region: z.string(),
});

/** The local AWS credentials: tokens are signed with them, and nothing else accepts them. */
export type LocalCredentials = Readonly<z.infer<typeof credentialsSchema>>;

/** Reads the credentials of this folder, or makes them once. The file is readable by its owner alone. */
export function loadCredentials(file: string): LocalCredentials {
  const known = readCredentials(file);
  if (known !== undefined) return known;
  const made = {
    accessKeyId: `AKIALOCAL${randomBytes(6).toString('hex').toUpperCase().slice(0, 11)}`,
    secretAccessKey: randomBytes(30).toString('base64url'),
    clusterId: clusterIdFrom(randomBytes(16)),
    region: 'us-east-1',
  };
  createPrivately(file, `${JSON.stringify(made)}\n`);
  return readCredentials(file) ?? replaceCredentials(file, made);
}

function readCredentials(file: string): LocalCredentials | undefined {
  try {
    return credentialsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** A file that cannot be read as credentials is replaced: what was signed with them is refused from then on. */
function replaceCredentials(file: string, made: LocalCredentials): LocalCredentials {
  writePrivately(file, `${JSON.stringify(made)}\n`);
  return made;
}

/** A name as a cluster's endpoint has it. */
export function clusterHostname(credentials: LocalCredentials): string {
  return `${credentials.clusterId}.dsql.${credentials.region}.on.aws`;
}

/** 26 lowercase base32 characters, as DSQL names clusters and jobs. */
function clusterIdFrom(bytes: Uint8Array): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  const digest = createHash('sha256').update(bytes).digest();
  return Array.from({ length: 26 }, (_, index) => alphabet.charAt((digest[index] ?? 0) % 32)).join('');
}
