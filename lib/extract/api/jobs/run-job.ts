import { parseJsonPath } from '../../../config/json-path.ts';
import type { AsyncSettings } from '../../../config/source-responses.ts';
import { fieldPath } from '../../json/field-reader.ts';
import { JsonSyntaxError } from '../../json/json-syntax-error.ts';
import { readValues } from '../../json/read-values.ts';
import type { ApiClient, ApiRequest, ApiResponse } from '../api-client.ts';
import { excerptOf } from '../excerpt.ts';
import { scalarText, textOf, urlOf } from '../json-value.ts';
import { askedWaitMs, headerText } from '../retry-wait.ts';
import { JobAnswerError, JobFailedError, JobTimeoutError } from './job-errors.ts';
import type { JobState } from './job-state.ts';

/** Bytes of a response about a job: what it says of itself, not its rows. */
const maxAnswerBytes = 4 * 1024 * 1024;

/** How the endpoints of a job are made. */
export interface JobRequests {
  readonly settings: AsyncSettings;
  /** Fields of the first response that placeholders name. */
  readonly fields: readonly string[];
  /** URL of an endpoint with these fields in it. */
  readonly urlOf: (endpoint: string, fields: JobState['fields']) => URL;
  /** A request about a job. */
  readonly ask: (url: URL) => ApiRequest;
}

interface Answer {
  readonly document: Buffer;
  readonly response: ApiResponse;
}

/**
 * Starts a job.
 *
 * @throws {JobAnswerError} terminal: the response does not say where the status is
 */
export async function startJob(client: ApiClient, call: ApiRequest, jobs: JobRequests): Promise<JobState> {
  const { fields: names, settings } = jobs;
  const answer = await ask(client, call);
  const { response } = answer;
  const paths = Object.fromEntries(names.map((name) => [name, fieldPath(name, parseJsonPath)]));
  const fields = valuesOf(client, answer, paths, 'async.status_endpoint');
  const missing = names.find((name) => !fields.has(name));
  if (missing !== undefined) throw missingIn(client, answer, `value at "${missing}"`, 'the placeholders {job.…}');
  const known = Object.fromEntries(fields);
  const started = client.parts.clock.now().toISOString();
  if (settings.status_endpoint !== undefined) {
    return { started, fields: known, status_url: jobs.urlOf(settings.status_endpoint, known).href };
  }
  const written =
    settings.status_url_path === undefined
      ? (headerText(response.headers, 'location') ?? headerText(response.headers, 'operation-location'))
      : textAt(client, answer, settings.status_url_path, 'async.status_url_path');
  const url = written === undefined ? undefined : urlOf(written, response.url);
  if (url === undefined) {
    const setting =
      settings.status_url_path === undefined ? 'async.status_url_path or status_endpoint' : 'async.status_url_path';
    throw missingIn(client, answer, 'URL of the status', setting);
  }
  return { started, fields: known, status_url: url };
}

/**
 * Waits until a job is done.
 *
 * @returns  where its result is
 * @throws {JobFailedError} {JobTimeoutError} transient; {JobAnswerError} terminal
 * @throws {DeadlineReachedError} when the next question would come after the deadline
 */
export async function awaitJob(client: ApiClient, job: JobState, jobs: JobRequests): Promise<URL> {
  const { settings } = jobs;
  const { clock, redactor, retry } = client.parts;
  const failed = settings.failed_values.map(String);
  const done = settings.done_values.map(String);
  for (;;) {
    const call = jobs.ask(new URL(job.status_url));
    const answer = await ask(client, call);
    const { response } = answer;
    const status = textAt(client, answer, settings.status_path, 'async.status_path');
    if (status === undefined) throw missingIn(client, answer, 'status', 'async.status_path');
    if (failed.includes(status)) throw new JobFailedError(response.shown, status, excerpt(client, answer));
    if (done.includes(status)) return resultOf(client, job, jobs, answer);
    const now = clock.now();
    if (now.getTime() - Date.parse(job.started) >= settings.timeout * 1_000) {
      throw new JobTimeoutError({ method: call.method, url: redactor.url(call.url) }, status, settings.timeout);
    }
    const asked = askedWaitMs(response.headers, retry.reset_headers, now) ?? 0;
    await client.pause(Math.max(settings.poll_seconds * 1_000, Math.min(asked, retry.max_wait_seconds * 1_000)));
  }
}

function resultOf(client: ApiClient, job: JobState, { settings, urlOf: endpoint }: JobRequests, answer: Answer): URL {
  const { response } = answer;
  if (settings.result_endpoint !== undefined) return endpoint(settings.result_endpoint, job.fields);
  if (settings.result_url_path === undefined) return new URL(job.status_url);
  const written = textAt(client, answer, settings.result_url_path, 'async.result_url_path');
  const url = written === undefined ? undefined : urlOf(written, response.url);
  if (url === undefined) throw missingIn(client, answer, 'URL of the result', 'async.result_url_path');
  return new URL(url);
}

async function ask(client: ApiClient, call: ApiRequest): Promise<Answer> {
  return await client.send(call, async (response) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of response.body as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > maxAnswerBytes) throw new JobAnswerError(response.shown, 'status within 4 MiB', 'async', '');
      pieces.push(piece);
    }
    return { document: Buffer.concat(pieces), response };
  });
}

function textAt(client: ApiClient, answer: Answer, path: string, setting: string): string | undefined {
  const json = valuesOf(client, answer, { value: parseJsonPath(path) }, setting).get('value');
  return json === undefined || json === 'null' ? undefined : (textOf(json) ?? scalarText(json));
}

function valuesOf(
  client: ApiClient,
  answer: Answer,
  paths: Parameters<typeof readValues>[1],
  setting: string,
): ReadonlyMap<string, string> {
  if (Object.keys(paths).length === 0) return new Map();
  try {
    return readValues(answer.document, paths);
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    throw missingIn(client, answer, 'JSON', setting);
  }
}

function missingIn(client: ApiClient, answer: Answer, what: string, setting: string): JobAnswerError {
  return new JobAnswerError(answer.response.shown, what, setting, excerpt(client, answer));
}

function excerpt(client: ApiClient, { document }: Answer): string {
  return excerptOf(document.toString(), client.parts.redactor);
}
