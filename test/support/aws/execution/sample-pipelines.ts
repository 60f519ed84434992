import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Deployed, files, sampleFile } from './deployed.ts';
import { ledgerOf, logOf, plain, rowsOf } from './left-behind.ts';

/** Sample pipelines leave what `etl run` leaves, whatever starts them. */
export function testSamplePipelines(deployed: Deployed): void {
  describe('every sample pipeline', () => {
    it.each(['users', ...files])(
      '%s leaves the rows, log and ledger that etl run leaves, from schedule input',
      async (name) => {
        const outcome = await deployed.service.execute({
          pipeline: name,
          trigger: 'schedule',
          event_id: `schedule:${name}`,
        });
        expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
        expect(outcome.mapRuns.map(({ counts, state }) => [state, counts.succeeded])).toEqual(
          name === 'flights'
            ? [
                ['Survey', 1],
                ['Clean', 1],
                ['Gather', 1],
                ['Load distributed', 2],
              ]
            : [],
        );
        expect(await rowsOf(deployed.service.target, name)).toEqual(await rowsOf(deployed.reference.target, name));
        expect(plain(await logOf(deployed.service.target, name))).toEqual(
          plain(await logOf(deployed.reference.target, name)),
        );
        expect(plain(await ledgerOf(deployed.service.target, name))).toEqual(
          plain(await ledgerOf(deployed.reference.target, name)),
        );
      },
      120_000,
    );

    it.each(files)(
      '%s started from the console over the same content loads nothing',
      async (name) => {
        const outcome = await deployed.service.execute({ pipeline: name });
        expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: { next: 'nothing' } });
        expect(JSON.stringify(outcome.output)).toContain('The same content was loaded by run');
        expect(await rowsOf(deployed.service.target, name)).toHaveLength(
          (await rowsOf(deployed.reference.target, name)).length,
        );
      },
      60_000,
    );

    it.each(files)(
      '%s started by its object landing in S3, twice, is loaded once',
      async (name) => {
        const key = `${name}/${sampleFile[name]}`;
        await deployed.service.aws.putObject(
          'incoming',
          key,
          readFileSync(`node_modules/vega-datasets/data/${sampleFile[name]}`),
        );
        const event = {
          source: 'aws.s3',
          'detail-type': 'Object Created',
          time: '2026-01-01T00:00:00Z',
          detail: {
            version: '0',
            bucket: { name: 'incoming' },
            object: { key, size: 1, etag: 'x', sequencer: `0062${name}` },
          },
        };
        expect(await deployed.service.emit(event)).toEqual([]);
        const [first, ...more] = await deployed.service.settle();
        expect(first?.error ?? first?.status, first?.cause).toBe('SUCCEEDED');
        expect(more).toEqual([]);
        await deployed.service.emit(event);
        expect(await deployed.service.settle()).toEqual([]);
        expect(await rowsOf(deployed.service.target, `${name}_landed`)).toEqual(
          await rowsOf(deployed.reference.target, name),
        );
      },
      120_000,
    );

    it('all objects below a prefix are loaded when a pipeline is started by hand', async () => {
      const outcome = await deployed.service.execute({ pipeline: 'birdstrikes_landed', again: true });
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect(await rowsOf(deployed.service.target, 'birdstrikes_landed')).toEqual(
        await rowsOf(deployed.reference.target, 'birdstrikes'),
      );
    }, 120_000);

    it('an object that lands while its pipeline is busy is loaded when the run under way has ended, and a schedule is skipped', async () => {
      const lease = JSON.stringify({
        holder: 'other',
        run_id: 'other',
        host: 'x',
        pid: 0,
        expires_at: new Date(Date.now() + 600_000),
      });
      await deployed.service.target
        .sql`UPDATE etl_state SET lease = ${lease}::text::jsonb WHERE pipeline_name = 'movies_landed'`;
      expect(await deployed.service.execute({ pipeline: 'movies_landed', trigger: 'schedule' })).toMatchObject({
        output: { next: 'nothing' },
      });
      const key = 'movies/more.json';
      await deployed.service.aws.putObject('incoming', key, '[{"Title": "One more", "US Gross": 1}]');
      await deployed.service.emit({
        source: 'aws.s3',
        'detail-type': 'Object Created',
        time: '2026-01-01T00:00:00Z',
        detail: { bucket: { name: 'incoming' }, object: { key, size: 10, sequencer: '01' } },
      });
      expect(await deployed.service.settle()).toEqual([]);
      await deployed.service.target.sql`UPDATE etl_state SET lease = NULL WHERE pipeline_name = 'movies_landed'`;
      // The last thing that the run under way does.
      await deployed.service.hosts.collect?.invoke({ action: 'next', pipeline: 'movies_landed' });
      const outcomes = await deployed.service.settle();
      expect(outcomes.map(({ status }) => status)).toEqual(['SUCCEEDED']);
      expect(
        await deployed.service.target.sql`SELECT count(*) AS n FROM movies_landed WHERE title = 'One more'`,
      ).toMatchObject([{ n: '1' }]);
    }, 120_000);

    it('a run that was told to wait looks again until its pipeline is free', async () => {
      const lease = JSON.stringify({
        holder: 'other',
        run_id: 'other',
        host: 'x',
        pid: 0,
        expires_at: new Date(Date.now() + 600_000),
      });
      await deployed.service.target
        .sql`UPDATE etl_state SET lease = ${lease}::text::jsonb WHERE pipeline_name = 'users'`;
      let looks = 0;
      deployed.service.before.set('Start', async () => {
        looks += 1;
        if (looks === 3)
          await deployed.service.target.sql`UPDATE etl_state SET lease = NULL WHERE pipeline_name = 'users'`;
      });
      const outcome = await deployed.service.execute({ pipeline: 'users', wait: true });
      deployed.service.before.clear();
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect(outcome.waitedSeconds).toEqual([30, 30]);
    }, 60_000);

    it('a prefix lets what lies there wait, and what was loaded is not loaded again', async () => {
      const outcome = await deployed.service.execute({ pipeline: 'zipcodes_landed', prefix: 'zipcodes/' });
      expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: { next: 'nothing' } });
      expect(outcome.path).toContain('List');
      expect(await rowsOf(deployed.service.target, 'zipcodes_landed')).toEqual(
        await rowsOf(deployed.reference.target, 'zipcodes'),
      );
      expect(await deployed.service.settle()).toEqual([]);
    }, 60_000);

    it('an object outside of prefix and suffix starts nothing', async () => {
      const event = (key: string) => ({
        source: 'aws.s3',
        'detail-type': 'Object Created',
        detail: { bucket: { name: 'incoming' }, object: { key } },
      });
      await deployed.service.emit(event('elsewhere/zipcodes.csv'));
      await deployed.service.emit(event('zipcodes/readme.txt'));
      expect(await deployed.service.settle()).toEqual([]);
    });

    it('users started from the console again finds all rows unchanged', async () => {
      const outcome = await deployed.service.execute({ pipeline: 'users', run_id: 'by-hand-1' });
      expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: { run_id: 'by-hand-1', rows_loaded: 600 } });
      expect((await logOf(deployed.service.target, 'users')).at(-1)).toMatchObject({
        rows_unchanged: '600',
        rows_inserted: '0',
      });
    });

    it('a schedule that fires twice for one time starts one run', async () => {
      const input = { pipeline: 'twice', trigger: 'schedule', event_id: 'schedule:2025-01-01T00:00:00Z' };
      expect((await deployed.service.execute(input)).path).toContain('Extract');
      expect((await deployed.service.execute(input)).path).not.toContain('Extract');
    });
  });
}
