import type { LookupFunction } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import { EtlError, messageOf } from '../../lib/errors.ts';
import { hostClass } from '../../lib/extract/api/address-class.ts';
import { HttpConnections } from '../../lib/extract/api/http-connections.ts';
import { WebhookFailedError } from './errors.ts';

export interface WebhookOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly allowPrivate: boolean;
  /** Looks names up; the system's, except in tests. */
  readonly resolve?: LookupFunction | undefined;
}

/** Longest waits before the retries, drawn evenly from 0 (full jitter); with the timeouts 47 s at most. */
const ceilingsMs = [1_000, 2_000, 4_000];
const timeoutMs = 10_000;
/** Longest wait that an answer of 429 may ask for. */
const longestAskedMs = 10_000;

/**
 * Posts a text as Slack, Mattermost and Google Chat take it, `{"text": "…"}`. Tried four times where the answer never came,
 * was 429 or 5xx; so a text may arrive twice.
 *
 * @param secret  names the webhook in errors, for its URL is a secret
 * @throws {WebhookFailedError} with the last reason, never with the URL
 */
export async function postWebhook(url: string, text: string, secret: string, options: WebhookOptions): Promise<void> {
  const target = targetOf(url, secret, options.allowPrivate);
  const { clock, random } = options;
  const connections = new HttpConnections({
    concurrency: 1,
    allowPrivate: options.allowPrivate,
    resolve: options.resolve,
  });
  try {
    for (let tried = 0; ; tried += 1) {
      const outcome = await post(connections, target, text);
      if (outcome === undefined) return;
      const ceiling = outcome.again ? ceilingsMs[tried] : undefined;
      if (ceiling === undefined) throw new WebhookFailedError(secret, outcome.reason);
      await clock.sleep(outcome.waitMs ?? Math.ceil(random() * ceiling));
    }
  } finally {
    connections.close();
  }
}

/** The address of a webhook; one of no public host only where that is allowed. */
function targetOf(url: string, secret: string, allowPrivate: boolean): URL {
  if (!URL.canParse(url)) throw new WebhookFailedError(secret, 'the secret is not a URL');
  const target = new URL(url);
  const found = hostClass(target.hostname);
  const open = target.protocol === 'https:' && (found === undefined || found === 'public');
  if (!open && !allowPrivate) {
    throw new WebhookFailedError(
      secret,
      'its URL is not https to a public address; allow_private_addresses: true allows others',
    );
  }
  return target;
}

interface Refusal {
  readonly reason: string;
  /** Whether it may go better at another time. */
  readonly again: boolean;
  readonly waitMs?: number | undefined;
}

async function post(connections: HttpConnections, url: URL, text: string): Promise<Refusal | undefined> {
  try {
    const response = await connections.exchange(
      {
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text }),
        credentials: { origin: url.origin, headers: {}, query: {} },
      },
      { timeoutMs, signal: AbortSignal.timeout(timeoutMs) },
    );
    response?.body.destroy();
    const status = response?.status ?? 0;
    if (status >= 200 && status < 300) return undefined;
    const asked = Number(response?.headers['retry-after']);
    return {
      reason: response === undefined ? 'its redirects do not end' : `it answered ${status}`,
      again: status === 429 || status >= 500,
      waitMs: asked > 0 ? Math.min(asked * 1_000, longestAskedMs) : undefined,
    };
  } catch (error) {
    // Errors of ours say what is refused; those of the socket may go away.
    return error instanceof EtlError && error.name !== 'RequestTimeoutError'
      ? { reason: messageOf(error), again: false }
      : { reason: `it could not be reached (${codeOf(error)})`, again: true };
  }
}

/** A socket's message may name the address; its code does not. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error
    ? String(error.code)
    : error instanceof Error
      ? error.name
      : 'unknown';
}
