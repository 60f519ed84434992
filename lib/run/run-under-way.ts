import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { parseTableName } from '../dsql/identifier.ts';
import { type RetryContext, runStatement } from '../dsql/retry.ts';
import { EtlError, messageOf } from '../errors.ts';
import { fingerprintSource } from '../extract/extract.ts';
import { describeTable } from '../load/target-table.ts';
import { planFingerprint } from './plan-fingerprint.ts';
import type { RunRequest } from './request.ts';
import { noCounts, type RunCounts, type RunResult, type Stage } from './result.ts';
import { findLoaded, findUnfinished, logAbandoned, logEnd, logStart } from './run-log.ts';

/** What is known of a run while it goes on: its id, its stage, its counts. */
export class RunUnderWay {
  readonly request: RunRequest;
  readonly retry: RetryContext;
  runId: string = randomUUID();
  resumed = false;
  stage: Stage = 'start';
  counts: RunCounts = noCounts;
  fingerprint: string | null = null;
  /** The source was loaded before, by a run that is not this one. */
  repeated = false;
  private readonly startTime: Date;
  private conflicts = 0;

  constructor(request: RunRequest, startTime: Date) {
    this.request = request;
    this.startTime = startTime;
    this.retry = {
      clock: request.clock,
      random: request.random,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      onRetry: () => {
        this.conflicts += 1;
      },
    };
  }

  /** Where the run keeps its parts and chunks. */
  get prefix(): string {
    return `runs/${this.runId}`;
  }

  enter(stage: Stage): void {
    this.stage = stage;
    this.request.onProgress?.({ stage, rows: 0 });
  }

  async retried<T>(what: string, work: () => Promise<T>): Promise<T> {
    return await runStatement(what, this.request.where, this.retry, work);
  }

  /** Skips a source that is loaded, continues an unfinished run, or logs a new one. */
  async begin(): Promise<RunResult | undefined> {
    const { again, pipeline, sql } = this.request;
    const { target_table: table } = pipeline.settings;
    const source = await fingerprintSource(this.request);
    this.fingerprint = source?.fingerprint ?? null;
    if (source !== undefined) {
      const loaded = await this.retried('Reading the execution log', () =>
        findLoaded(sql, pipeline.name, table, source.fingerprint),
      );
      const exists = loaded !== undefined && (await describeTable(sql, parseTableName(table))) !== undefined;
      if (exists && !again) {
        return await this.skip(
          'already_loaded',
          `The same content was loaded by run ${loaded.run_id} at ${loaded.start_time}. Use --again to load it again.`,
        );
      }
      this.repeated = exists;
    }
    await this.resume();
    await mkdir(this.request.scratchDir, { recursive: true });
    await this.retried('Writing the execution log', () =>
      logStart(sql, {
        runId: this.runId,
        pipelineName: pipeline.name,
        trigger: this.request.trigger,
        targetTable: table,
        startTime: this.startTime.toISOString(),
        planFingerprint: planFingerprint(pipeline.settings),
      }),
    );
    return undefined;
  }

  /** Takes over the id of a run that was interrupted, when its source and its plan are still the same. */
  private async resume(): Promise<void> {
    const { again, pipeline, sql, store } = this.request;
    const unfinished = await this.retried('Reading the execution log', () =>
      findUnfinished(sql, pipeline.name, pipeline.settings.target_table),
    );
    if (unfinished === undefined || (unfinished.status === 'failed' && unfinished.batches === 0)) return;
    const samePlan = unfinished.plan_fingerprint === planFingerprint(pipeline.settings);
    const staged = (await store.get(`runs/${unfinished.run_id}/raw/manifest.json`)) !== undefined;
    const sameSource =
      this.fingerprint === null
        ? staged || unfinished.batches === 0
        : unfinished.source_fingerprint === this.fingerprint || unfinished.source_fingerprint === null;
    if (samePlan && sameSource && !again) {
      this.runId = unfinished.run_id;
      this.resumed = true;
      return;
    }
    if (unfinished.status === 'running') {
      const why = again ? '--again was given' : samePlan ? 'its source has changed' : 'its configuration has changed';
      await this.retried('Writing the execution log', () =>
        logAbandoned(
          sql,
          unfinished.run_id,
          `Interrupted after ${unfinished.batches} batches, which stay loaded, and not continued by run ${this.runId}, because ${why}.`,
        ),
      );
    }
    // Rows of the abandoned run keep their derived ids, so those that come again are recognised.
    this.repeated = true;
  }

  /** The result of a run that has nothing to do. */
  async skip(code: string, message: string): Promise<RunResult> {
    const result = this.result('skipped', { stage: null, error_code: code, error_message: message });
    await this.retried('Writing the execution log', () => logEnd(this.request.sql, result, this.request.trigger, null));
    return result;
  }

  /** The result of a run that failed, logged if the target can still be reached. */
  async fail(error: unknown): Promise<RunResult> {
    const result = this.result('failed', {
      stage: this.stage,
      error_code: error instanceof EtlError ? error.code : 'unexpected',
      error_message: messageOf(error),
    });
    try {
      await logEnd(this.request.sql, result, this.request.trigger, this.fingerprint);
    } catch {
      // The target is what failed; the caller has the result all the same.
    }
    return result;
  }

  result(status: RunResult['status'], end: Pick<RunResult, 'stage' | 'error_code' | 'error_message'>): RunResult {
    const endTime = this.request.clock.now();
    return {
      run_id: this.runId,
      pipeline_name: this.request.pipeline.name,
      status,
      target_table: this.request.pipeline.settings.target_table,
      start_time: this.startTime.toISOString(),
      end_time: endTime.toISOString(),
      execution_time_seconds: (endTime.getTime() - this.startTime.getTime()) / 1000,
      processed_records: this.counts.rows_loaded,
      ...this.counts,
      conflict_retries: this.conflicts,
      resumed: this.resumed,
      ...end,
    };
  }
}
