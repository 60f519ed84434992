import { describe, expect, it } from 'vitest';
import type { LocalTarget } from '../../local-target.ts';
import type { Deployed } from './deployed.ts';
import { logOf, plain } from './left-behind.ts';

/** Runs that fail in each stage, and what is told of them. */
export function testFailures(deployed: Deployed): void {
  describe('a failure', () => {
    const failing = [
      { stage: 'start', pipeline: 'absent', error: 'SourceFileNotFoundError', code: 'file_not_found' },
      { stage: 'extract', pipeline: 'gone', error: 'ApiStatusError', code: 'api_status' },
      { stage: 'transform', pipeline: 'misruled', error: 'BadRuleError', code: 'bad_rule' },
      { stage: 'load', pipeline: 'strict', error: 'TooManyRejectedError', code: 'too_many_rejected' },
      { stage: 'load', pipeline: 'misfit', error: 'TableMismatchError', code: 'table_mismatch' },
      { stage: 'record', pipeline: 'told', error: 'CountsMismatchError', code: 'counts_mismatch' },
    ] as const;

    it.each(failing)(
      'in $stage leaves a log row, a notice, and a failed execution',
      async ({ code, error, pipeline, stage }) => {
        await deployed.service.messages();
        await deployed.service.target.sql`CREATE TABLE IF NOT EXISTS misfit (id bigint PRIMARY KEY, note text)`;
        if (stage === 'record') {
          deployed.service.before.set('Record', async () => {
            await deployed.service.target.sql`DELETE FROM etl_load_ledger WHERE run_id IN
          (SELECT run_id FROM etl_execution_log WHERE pipeline_name = 'told')`;
          });
        }
        const outcome = await deployed.service.execute({ pipeline });
        deployed.service.before.clear();
        expect(outcome).toMatchObject({ status: 'FAILED', error });
        expect(outcome.cause).not.toMatch(/\n\s+at |errorMessage|\[/);
        const [row] = (await logOf(deployed.service.target, pipeline)).slice(-1);
        expect(row).toMatchObject({ status: 'failed', stage, error_code: code, error_message: outcome.cause });
        const [notice, ...more] = await deployed.service.messages();
        expect(more).toEqual([]);
        expect(notice).toMatchObject({
          attributes: { pipeline, status: 'failed', stage, error_code: code },
          body: { pipeline, stage, error_code: code, error_message: outcome.cause, deploy_stage: 'test' },
        });
        expect(notice?.subject).toBe(`[etl test] ${pipeline} failed in ${stage}: ${code}`);
        expect(notice?.body.console).toMatch(/^https:\/\/us-east-1\.console\.aws\.amazon\.com\/states\/.*execution:/);
        const [state] = await deployed.service.target
          .sql`SELECT lease FROM etl_state WHERE pipeline_name = ${pipeline}`;
        expect(state?.lease).toBeNull();
      },
      60_000,
    );

    it('for too many rejected rows keeps them, makes no table, and is logged as etl run logs it', async () => {
      const outcome = await deployed.service.execute({ pipeline: 'strict', again: true });
      expect(outcome).toMatchObject({ status: 'FAILED', error: 'TooManyRejectedError' });
      expect(outcome.path).not.toContain('Define');
      for (const { sql } of [deployed.service.target, deployed.reference.target]) {
        expect(await sql`SELECT tablename FROM pg_tables WHERE tablename = 'strict'`).toEqual([]);
      }
      const rejectedOf = async ({ sql }: LocalTarget) =>
        await sql`SELECT source, column_name, reason, row::text AS line FROM etl_rejected_row
         WHERE run_id = (SELECT max(run_id) FROM etl_execution_log WHERE pipeline_name = 'strict')
         ORDER BY source, line`;
      const rejected = await rejectedOf(deployed.service.target);
      expect(rejected.length).toBeGreaterThan(10);
      expect(plain(rejected)).toEqual(plain(await rejectedOf(deployed.reference.target)));
      const [row] = (await logOf(deployed.service.target, 'strict')).slice(-1);
      const [local] = await logOf(deployed.reference.target, 'strict');
      expect(local).toMatchObject({ status: 'failed', stage: 'load', error_code: 'too_many_rejected' });
      expect(plain([row ?? {}])).toEqual(plain([local ?? {}]));
      await deployed.service.messages();
    }, 60_000);

    it('of the same pipeline is told of when it succeeds, too', async () => {
      // The run before lost its ledger, and with it what tells that these rows are its own.
      await deployed.service.target.sql`DELETE FROM told`;
      const outcome = await deployed.service.execute({ pipeline: 'told', again: true });
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect(await deployed.service.messages()).toMatchObject([
        { subject: '[etl test] told succeeded', attributes: { status: 'success' } },
      ]);
    }, 60_000);

    it.each([
      [{}, /pipeline/],
      [{ pipeline: 5 }, /pipeline/],
      [{ pipeline: 'userss' }, /Did you mean "users"/],
      ['users', /input/],
      [{ pipeline: 'users', agian: true }, /agian/],
      [{ pipeline: 'users', object: { bucket: 'b', key: 'k' } }, /reads no files/],
    ])('of the input %j is a sentence', async (input, words) => {
      const outcome = await deployed.service.execute(input);
      expect(outcome.status).toBe('FAILED');
      expect(['InvalidInputError', 'UnknownPipelineError']).toContain(outcome.error);
      expect(outcome.cause).toMatch(words);
      expect(outcome.cause).not.toContain('{"errorType"');
    });

    it('of notify itself is told plainly', async () => {
      await deployed.service.messages();
      const notify = deployed.service.hosts.notify;
      if (notify !== undefined) notify.killAfterMs = () => 1;
      const outcome = await deployed.service.execute({ pipeline: 'gone' });
      if (notify !== undefined) notify.killAfterMs = () => undefined;
      expect(outcome).toMatchObject({ status: 'FAILED' });
      expect(outcome.path).toContain('Notify plainly');
      expect(await deployed.service.messages()).toMatchObject([
        { subject: 'ETL: a run failed, and the notice about it too' },
      ]);
    }, 60_000);

    it('that no Catch sees, a run stopped by hand, is logged and told of through EventBridge', async () => {
      await deployed.service.messages();
      deployed.service.before.set('Transform', () => {
        throw new Error('stopped by hand');
      });
      await expect(deployed.service.execute({ pipeline: 'users' }, 'stopped-1')).rejects.toThrow('stopped by hand');
      deployed.service.before.clear();
      const [arn] = deployed.service.assembly
        .resources('AWS::StepFunctions::StateMachine')
        .map(([id]) => deployed.service.assembly.resolve({ Ref: id }));
      await deployed.service.emit({
        source: 'aws.states',
        'detail-type': 'Step Functions Execution Status Change',
        detail: {
          executionArn: deployed.service.executionArn('stopped-1'),
          stateMachineArn: arn,
          name: 'stopped-1',
          status: 'ABORTED',
          startDate: Date.now() - 5_000,
          input: '{"pipeline":"users"}',
        },
      });
      expect(
        await deployed.service.target
          .sql`SELECT status, error_code, stage FROM etl_execution_log WHERE run_id = 'stopped-1'`,
      ).toMatchObject([{ status: 'failed', error_code: 'run_aborted', stage: 'transform' }]);
      expect(await deployed.service.messages()).toMatchObject([
        { attributes: { pipeline: 'users', error_code: 'run_aborted' } },
      ]);
      const next = await deployed.service.execute({ pipeline: 'users' });
      expect(next.error ?? next.status, next.cause).toBe('SUCCEEDED');
    }, 60_000);
  });
}
