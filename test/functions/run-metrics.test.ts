import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { metrics, withMiddleware } from '../../functions/runtime/middleware.ts';
import { addRunMetrics, addSurprises } from '../../functions/runtime/run-metrics.ts';
import { runMetrics } from '../../lib/metric-names.ts';
import type { RunResult } from '../../lib/run/result.ts';
import { noCounts } from '../../lib/state/run-log.ts';

let written: Record<string, unknown>[];

beforeEach(() => {
  written = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    if (String(text).includes('"_aws"')) written.push(JSON.parse(String(text)) as Record<string, unknown>);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const result = (changes: Partial<RunResult>): RunResult => ({
  ...noCounts,
  run_id: 'r',
  pipeline_name: 'sales',
  status: 'success',
  target_table: 'sales',
  start_time: '2025-01-01T00:00:00Z',
  end_time: '2025-01-01T00:00:10Z',
  execution_time_seconds: 10,
  processed_records: 0,
  verified: null,
  warnings: [],
  resumed: false,
  stage: null,
  error_code: null,
  error_message: null,
  ...changes,
});

describe('metrics of a run', () => {
  it('are its counts, by service and pipeline, as CloudWatch reads them from the log', () => {
    addRunMetrics(result({ rows_read: 10, rows_filtered: 1, rows_deduplicated: 2, rows_rejected: 3, rows_loaded: 4 }));
    metrics.publishStoredMetrics();
    expect(written).toMatchObject([
      {
        service: 'dsql-etl',
        pipeline: 'sales',
        RunsSucceeded: 1,
        RowsRead: 10,
        RowsFiltered: 1,
        RowsDeduplicated: 2,
        RowsRejected: 3,
        RowsLoaded: 4,
        ConflictRetries: 0,
        RunSeconds: 10,
      },
    ]);
    expect(written[0]?._aws).toMatchObject({
      CloudWatchMetrics: [{ Namespace: 'DsqlEtl', Dimensions: [['service', 'pipeline']] }],
    });
  });

  it('tell a run that found nothing new from one that found another under way', () => {
    for (const code of ['already_loaded', 'repeated_event', 'already_running']) {
      addRunMetrics(result({ status: 'skipped', error_code: code }));
      metrics.publishStoredMetrics();
    }
    expect(written.map((line) => runMetrics.filter((name) => name in line))).toEqual([
      ['RunsUnchanged'],
      ['RunsUnchanged'],
      ['RunsSkipped'],
    ]);
  });

  it.each([
    ['a source that was always full and is empty', 0, 0, [5, 5, 5], ['SourcesEmpty']],
    ['one that was empty before', 0, 0, [5, 0, 5], []],
    ['one with too few runs before', 0, 0, [5, 5], []],
    ['many rejected rows', 100, 6, [], ['RunsWithManyRejected']],
    ['as many rejected rows as are allowed', 100, 5, [], []],
  ])('of the service count %s', (_, read, rejected, before, expected) => {
    addSurprises(result({ rows_read: read, rows_rejected: rejected }), before, 0.05);
    const names = written.flatMap((line) => Object.keys(line).filter((name) => /^(Sources|RunsWith)/.test(name)));
    expect(names).toEqual(expected);
    for (const line of written) expect(line).not.toHaveProperty('pipeline');
  });
});

it('a call of a stage counts its seconds for its pipeline, also where it fails', async () => {
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'extract');
  const handler = withMiddleware(z.any(), async () => {
    throw new Error('broken');
  });
  vi.unstubAllEnvs();
  const event = { execution: { name: 'e' }, input: { pipeline: 'sales' } };
  await expect(handler(event, { getRemainingTimeInMillis: () => 1000 } as never)).rejects.toThrow();
  expect(written.filter((line) => 'ExtractSeconds' in line)).toMatchObject([{ pipeline: 'sales' }]);
});
