import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { z } from 'zod';
import { readEnvironment } from '../config/environment.ts';
import { messageOf } from '../errors.ts';
import { Agents } from '../proxy-agents.ts';
import { defaultCredentials } from './client-options.ts';
import { AwsCallRefusedError, AwsCredentialsError, AwsUnreachableError } from './errors.ts';

/** A service of AWS that speaks JSON over POST (protocol awsJson1_0 or awsJson1_1). */
export interface JsonService {
  /** As signatures and host names have it, e.g. `states`. */
  readonly name: string;
  /** Begins the header that names the operation, e.g. `AWSStepFunctions`. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly region: string;
  /** Instead of `https://<name>.<region>.amazonaws.com`. */
  readonly endpoint?: string | undefined;
}

/** Calls an operation and gives its response as JSON. */
export type CallService = (operation: string, input: object) => Promise<unknown>;

const errorSchema = z.looseObject({ __type: z.string().default('unknown'), message: z.string().optional() });

const timeoutMs = 30_000;
/** Waits before the retries of what was throttled, failed in the service, or found no connection. */
const waitsMs = [200, 800, 2_000];

/**
 * Calls with the default credentials, each request signed (Signature Version 4). Two operations of two services do not
 * justify the 7 MB of their clients; signer and credential providers are those of the SDK. An operation may be carried
 * out twice where its answer was lost.
 *
 * @throws {AwsCredentialsError} {AwsCallRefusedError} {AwsUnreachableError}
 */
export function callerOf(service: JsonService): CallService {
  const signer = new SignatureV4({
    service: service.name,
    region: service.region,
    credentials: defaultCredentials(),
    sha256: Sha256,
  });
  const agents = new Agents(readEnvironment().proxyFor, { keepAlive: false, maxSockets: 50 });
  return async (operation, input) => {
    for (let tried = 0; ; tried += 1) {
      const outcome = await attempt(service, { signer, agents }, operation, JSON.stringify(input));
      if ('value' in outcome) return outcome.value;
      const wait = outcome.again ? waitsMs[tried] : undefined;
      if (wait === undefined) throw outcome.error;
      await delay(wait);
    }
  };
}

type Outcome = { readonly value: unknown } | { readonly error: Error; readonly again: boolean };

async function attempt(
  service: JsonService,
  { agents, signer }: { readonly agents: Agents; readonly signer: SignatureV4 },
  operation: string,
  body: string,
): Promise<Outcome> {
  const url = new URL(service.endpoint ?? `https://${service.name}.${service.region}.amazonaws.com`);
  const headers = await signedHeaders(signer, url, body, {
    host: url.host,
    'content-type': `application/x-amz-json-${service.version}`,
    'x-amz-target': `${service.target}.${operation}`,
  });
  try {
    const { status, text } = await post(agents, url, headers, body);
    if (status >= 200 && status < 300) return { value: JSON.parse(text) };
    const { __type: type, message } = errorSchema.catch({ __type: `status ${status}` }).parse(jsonOf(text));
    const name = type.split('#').at(-1) ?? type;
    const again = status >= 500 || /Throttl|TooManyRequests/.test(name);
    return { error: new AwsCallRefusedError(`${service.name}:${operation}`, name, message ?? ''), again };
  } catch (cause) {
    return { error: new AwsUnreachableError(url.origin, reasonOf(cause), { cause }), again: true };
  }
}

/** By `node:https`, because `fetch` of Node 20 knows no proxy. */
async function post(
  agents: Agents,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const secure = url.protocol === 'https:';
  const options = { method: 'POST', headers, agent: agents.agentFor(url), signal: AbortSignal.timeout(timeoutMs) };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = (secure ? https : http).request(url, options, resolve);
    request.once('error', reject);
    request.end(body);
  });
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += String(part);
  return { status: response.statusCode ?? 0, text };
}

async function signedHeaders(
  signer: SignatureV4,
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  try {
    const signed = await signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      path: '/',
      query: {},
      headers: { ...headers },
      body,
    });
    return signed.headers;
  } catch (cause) {
    throw new AwsCredentialsError(messageOf(cause), { cause });
  }
}

/** `fetch` hides the socket's reason in `cause`. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error && 'code' in inner ? String(inner.code) : messageOf(inner);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
