// By hand: the AWS SDK signs requests and has nothing that verifies one, and DsqlSigner takes no date at which to presign again.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { LocalCredentials } from './credentials.ts';

/** Why a token is not accepted; `hint` is what DSQL tells the client, and only for a token that ran out or is good for too long. */
export interface TokenRefusal {
  readonly reason: string;
  readonly hint?: string;
}

/** What a token must be valid for. */
export interface TokenExpectation {
  readonly user: string;
  /** Host names the token may name: the server's own names and what the client sent as server name. */
  readonly hosts: readonly string[];
  readonly credentials: LocalCredentials;
  readonly now: Date;
}

const maxSeconds = 604_800;
const clockSkewMs = 5 * 60 * 1000;

/**
 * Verifies an IAM token as DSQL does: a SigV4 presigned `GET https://<host>/?Action=DbConnect[Admin]` for service dsql,
 * without the scheme. Shape, host, region, action against the user, age and signature are checked.
 *
 * @returns undefined when the token is good
 */
export function refuseToken(token: string, expected: TokenExpectation): TokenRefusal | undefined {
  const url = parseToken(token);
  if (url === undefined) return { reason: 'not a presigned request' };
  const query = url.searchParams;
  const hosts = new Set(expected.hosts.map((host) => host.toLowerCase()));
  const [name] = url.host.split(':');
  if (!hosts.has(url.host) && !hosts.has(name ?? '') && !hosts.has(url.hostname)) return { reason: 'another host' };
  const action = expected.user === 'admin' ? 'DbConnectAdmin' : 'DbConnect';
  if (query.get('Action') !== action) return { reason: `action is not ${action}` };
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return { reason: 'another algorithm' };
  const [accessKeyId, date, region, service, terminator] = (query.get('X-Amz-Credential') ?? '').split('/');
  if (accessKeyId !== expected.credentials.accessKeyId) return { reason: 'unknown access key' };
  if (region !== expected.credentials.region) return { reason: 'another region' };
  if (service !== 'dsql' || terminator !== 'aws4_request') return { reason: 'another service' };
  const stamp = query.get('X-Amz-Date') ?? '';
  const signedAt = parseStamp(stamp);
  const seconds = Number(query.get('X-Amz-Expires'));
  if (signedAt === undefined || !stamp.startsWith(date ?? '-')) return { reason: 'no date' };
  if (!Number.isInteger(seconds) || seconds < 1) return { reason: 'no expiry' };
  if (seconds > maxSeconds)
    return { reason: 'valid for too long', hint: 'X-Amz-Expires must be less than a week (in seconds)' };
  if (query.get('X-Amz-SignedHeaders') !== 'host') return { reason: 'other signed headers' };
  if (!signatureMatches(url, expected.credentials.secretAccessKey, stamp, date ?? ''))
    return { reason: 'bad signature' };
  return refuseAge(signedAt, seconds, expected.now);
}

function parseToken(token: string): URL | undefined {
  if (!token.includes('X-Amz-Signature=')) return undefined;
  try {
    const url = new URL(`https://${token}`);
    return url.pathname === '/' && url.username === '' && url.hash === '' ? url : undefined;
  } catch {
    return undefined;
  }
}

function refuseAge(signedAt: Date, seconds: number, now: Date): TokenRefusal | undefined {
  const nowMs = now.getTime();
  if (signedAt.getTime() - clockSkewMs > nowMs) {
    return {
      reason: 'signed in the future',
      hint: `Signature not yet current: ${stampOf(signedAt)} is still later than ${stampOf(new Date(nowMs + clockSkewMs))} (${stampOf(now)} + 5 min.)`,
    };
  }
  const expiresAt = new Date(signedAt.getTime() + seconds * 1000);
  if (expiresAt.getTime() >= nowMs) return undefined;
  return { reason: 'expired', hint: `Signature expired: ${stampOf(expiresAt)} is now earlier than ${stampOf(now)}` };
}

function signatureMatches(url: URL, secret: string, stamp: string, date: string): boolean {
  const given = Buffer.from(url.searchParams.get('X-Amz-Signature') ?? '', 'hex');
  const wanted = signatureOf(url, secret, stamp, date);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function signatureOf(url: URL, secret: string, stamp: string, date: string): Buffer {
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const emptyBody = createHash('sha256').update('').digest('hex');
  const request = ['GET', '/', query, `host:${url.host}`, '', 'host', emptyBody].join('\n');
  const scope = (url.searchParams.get('X-Amz-Credential') ?? '').split('/').slice(1).join('/');
  const digest = createHash('sha256').update(request).digest('hex');
  const [, region = '', service = ''] = scope.split('/');
  const key = [date, region, service, 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
  return hmac(key, ['AWS4-HMAC-SHA256', stamp, scope, digest].join('\n'));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function parseStamp(stamp: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

function stampOf(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '');
}
