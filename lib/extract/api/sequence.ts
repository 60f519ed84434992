import type { ApiSettings } from '../../config/pipeline.ts';
import { placeholdersOf } from '../../config/template.ts';
import { TerminalError } from '../../errors.ts';
import type { Validator } from '../../manifest.ts';
import type { IncrementalScope } from '../incremental/scope.ts';
import type { Slices } from '../incremental/slices.ts';
import type { ApiClient } from './api-client.ts';
import { type Condition, ConditionalClient, NotModifiedError } from './conditional-requests.ts';
import { type FetchedPage, type PagePlan, pagePlan } from './fetch-page.ts';
import { fetchPage } from './follow-pages.ts';
import { JobFailedError, JobTimeoutError } from './jobs/job-errors.ts';
import { awaitJob, type JobRequests, startJob } from './jobs/run-job.ts';
import { SplitNeededError } from './judge-page.ts';
import { firstPosition, type PagePosition } from './page-position.ts';
import { emptyPage } from './page-reader.ts';
import type { RowSink } from './page-records.ts';
import { pageRequest } from './page-request.ts';
import { finish } from './request-draft.ts';
import { sequenceRequest } from './sequence-request.ts';
import { slicedSink } from './sliced-sink.ts';
import { RequestTemplate, type RequestTexts } from './template/request-template.ts';
import type { TemplateScope } from './template/variables.ts';

/** What a sequence is read with. */
export interface SequenceParts {
  readonly client: ApiClient;
  readonly settings: ApiSettings;
  readonly texts: RequestTexts;
  readonly baseUrl: string | undefined;
  /** What placeholders are filled from, whatever the page. */
  readonly scope: TemplateScope;
  /** Of an incremental source. */
  readonly incremental: IncrementalScope | undefined;
  /** Where its time is read by slices. */
  readonly slices: Slices | undefined;
  /** Where a response that has not changed need not be sent. */
  readonly condition: Condition | undefined;
}

/** A step of a sequence. */
export interface SequenceStep extends FetchedPage {
  /** Where the next step begins is not to be lost: to do this one again costs something. */
  readonly keepAtOnce: boolean;
  /** Of the only response, which has been read. */
  readonly validator?: Validator | undefined;
  /** The only response is as it was when it was loaded. */
  readonly notModified?: true | undefined;
}

/**
 * Everything that is read with one watermark: slice after slice, in each a job where the API makes one, and the pages of
 * its result. Where it stands is a position.
 */
export class Sequence {
  readonly #parts: SequenceParts;
  readonly #template: RequestTemplate;
  /** The plan of the slice that was read last. */
  #plan: { readonly key: string; readonly plan: PagePlan } | undefined;

  constructor(parts: SequenceParts) {
    this.#parts = parts;
    this.#template = new RequestTemplate(parts.texts, parts.baseUrl);
  }

  /**
   * Reads the next page, or brings a job to where its result can be read. The sink is empty again when this throws.
   *
   * @param enough  whether no further page is wanted
   * @throws  what `fetchPage`, `startJob` and `awaitJob` throw; {WindowTooFullError} when a slice cannot be halved
   */
  async read(position: PagePosition, sink: RowSink, enough: () => boolean): Promise<SequenceStep> {
    const { client, condition, incremental, settings, slices } = this.#parts;
    const state = position.slices ?? slices?.start();
    if (slices !== undefined && state === undefined) return { ...nothing, next: null };
    const here: PagePosition = { ...position, slices: state };
    const plan = this.#planOf(here);
    const isFirst = here.page === 1 && here.url === undefined;
    if (settings.async !== undefined && isFirst && here.job === undefined) {
      const job = await startJob(client, pageRequest(plan.request, plan.pagination, here), this.#jobs());
      return { ...nothing, next: { ...here, job }, keepAtOnce: true };
    }
    let at = here;
    if (settings.async !== undefined && isFirst && here.job !== undefined) {
      const url = await awaitJob(client, here.job, this.#jobs());
      at = { ...here, job: { ...here.job, result_url: url.href } };
    }
    const window = state === undefined ? undefined : slices?.window(state);
    const rows =
      window === undefined || incremental === undefined ? sink : slicedSink(sink, incremental.column, window);
    const asker = condition === undefined || !isFirst ? undefined : new ConditionalClient(client, condition);
    try {
      const step = await fetchPage(asker ?? client, plan, at, rows, enough);
      const read = { ...step, keepAtOnce: false, validator: asker?.validatorAfter(step, plan.pagination) };
      if (step.next !== null || enough() || state === undefined) return read;
      const after = slices?.after(state);
      const next = after === undefined ? null : this.#begin(at, step.content.rows, after);
      return { ...read, next };
    } catch (thrown) {
      if (thrown instanceof NotModifiedError) {
        return { ...nothing, next: null, notModified: true, validator: condition?.known };
      }
      const most = settings.incremental?.split_when?.total_over;
      if (!(thrown instanceof SplitNeededError) || slices === undefined || state === undefined) throw thrown;
      return { ...nothing, next: this.#begin(at, 0, slices.split(state, thrown.total, most)) };
    }
  }

  /** Another slice; rejected rows are counted on. */
  #begin({ rows }: PagePosition, read: number, slices: NonNullable<PagePosition['slices']>): PagePosition {
    return { ...firstPosition, rows: rows + read, slices };
  }

  #planOf({ slices: state }: PagePosition): PagePlan {
    const { incremental, scope, settings, slices } = this.#parts;
    const key = JSON.stringify(state?.pending[0] ?? null);
    if (this.#plan?.key === key) return this.#plan.plan;
    const window = (state === undefined ? undefined : slices?.window(state)) ?? incremental?.window;
    const request = sequenceRequest(this.#template, { ...scope, window }, settings.incremental);
    const plan = pagePlan(request, settings, settings);
    this.#plan = { key, plan };
    return plan;
  }

  #jobs(): JobRequests {
    const { baseUrl, scope, settings, texts } = this.#parts;
    const job = settings.async;
    if (job === undefined) throw new TypeError('There are no settings for jobs.');
    const about = (endpoint: string): RequestTemplate =>
      new RequestTemplate({ method: 'GET', endpoint, params: {}, headers: texts.headers }, baseUrl);
    const endpoints = [job.status_endpoint ?? '', job.result_endpoint ?? ''];
    const named = endpoints.flatMap(placeholdersOf).filter(({ name }) => name === 'job');
    return {
      settings: job,
      fields: [...new Set(named.map(({ member = '' }) => member))],
      urlOf: (endpoint, fields) => about(endpoint).fill({ ...scope, job: fields }).url,
      ask: (url) => ({
        ...finish({ method: 'GET', url, headers: this.#template.fill(scope).headers, body: undefined }),
      }),
    };
  }
}

const nothing: SequenceStep = { content: emptyPage, next: null, warnings: [], keepAtOnce: false, digests: [] };

/** Where to go on after an error: a job that has no result is not asked about again. */
export function positionAfter(thrown: unknown, position: PagePosition): PagePosition {
  const isOver =
    thrown instanceof JobFailedError || thrown instanceof JobTimeoutError || thrown instanceof TerminalError;
  return position.job === undefined || !isOver || position.page > 1 ? position : { ...position, job: undefined };
}
