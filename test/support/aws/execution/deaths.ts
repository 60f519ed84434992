import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { setLocalFaults } from '../../../../lib/local/client.ts';
import { StatesError } from '../../states-interpreter/errors.ts';
import type { Deployed } from './deployed.ts';
import { logOf, rowsOf } from './left-behind.ts';

/** Functions that run out of time or memory, are killed, or meet conflicts. */
export function testDeaths(deployed: Deployed): void {
  describe('deadlines and deaths', () => {
    it('an API that takes longer than a function may is extracted over three calls or more, every page once', async () => {
      const before = deployed.service.hosts.extract?.invocations ?? 0;
      const outcome = await deployed.service.execute({ pipeline: 'slow' });
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect((deployed.service.hosts.extract?.invocations ?? 0) - before).toBeGreaterThanOrEqual(3);
      expect(deployed.slowCalls()).toBe(12);
      expect(
        await deployed.service.target.sql`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM slow`,
      ).toMatchObject([{ n: '60', ids: '60' }]);
    }, 120_000);

    it('a function killed while it loads is called again, and no row is lost or doubled', async () => {
      const load = deployed.service.hosts.load;
      let kills = 0;
      if (load !== undefined) {
        load.killAfterMs = (event) => {
          const { action, from } = event as { readonly action: string; readonly from?: number };
          if (action !== 'load' || from !== 1 || kills >= 1) return undefined;
          kills += 1;
          return 400;
        };
      }
      const outcome = await deployed.service.execute({ pipeline: 'flights', again: true });
      if (load !== undefined) load.killAfterMs = () => undefined;
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect(kills).toBe(1);
      expect(outcome.waitedSeconds.length).toBeGreaterThanOrEqual(1);
      expect(await rowsOf(deployed.service.target, 'flights')).toEqual(
        await rowsOf(deployed.reference.target, 'flights'),
      );
    }, 120_000);

    it('a child execution that fails tells log and notice why, and the next run finishes it', async () => {
      await deployed.service.messages();
      deployed.service.before.set('Load chunks (distributed)', () => {
        throw new StatesError('Runtime.OutOfMemory', 'gone');
      });
      const outcome = await deployed.service.execute({ pipeline: 'flights', again: true });
      deployed.service.before.clear();
      expect(outcome).toMatchObject({ status: 'FAILED', error: 'Runtime.OutOfMemory' });
      expect(outcome.mapRuns.at(-1)?.counts.failed).toBeGreaterThan(0);
      const why = { pipeline: 'flights', stage: 'load', error_code: 'function_out_of_memory' };
      expect((await logOf(deployed.service.target, 'flights')).at(-1)).toMatchObject({
        status: 'failed',
        stage: 'load',
      });
      expect(await deployed.service.messages()).toMatchObject([{ attributes: why }]);
      const next = await deployed.service.execute({ pipeline: 'flights', again: true });
      expect(next.error ?? next.status, next.cause).toBe('SUCCEEDED');
      expect(await rowsOf(deployed.service.target, 'flights')).toEqual(
        await rowsOf(deployed.reference.target, 'flights'),
      );
    }, 240_000);

    it('conflicts beyond every ladder fail the run, and the next one finishes it', async () => {
      await deployed.service.messages();
      const stateDir = path.join(deployed.service.target.folder, 'state');
      deployed.service.before.set('Load chunks', async () => {
        await setLocalFaults(stateDir, { conflictShare: 1 });
      });
      deployed.service.before.set('Notify', async () => {
        await setLocalFaults(stateDir, {});
      });
      const outcome = await deployed.service.execute({ pipeline: 'movies', again: true });
      deployed.service.before.clear();
      await setLocalFaults(stateDir, {});
      expect(outcome).toMatchObject({ status: 'FAILED', error: 'ConflictRetriesExhaustedError' });
      // The article's ladder, full jitter: at most 1, 2 and 4 s.
      expect(outcome.waitedSeconds).toHaveLength(3);
      for (const [index, wait] of outcome.waitedSeconds.entries()) expect(wait).toBeLessThanOrEqual(2 ** index);
      expect((await logOf(deployed.service.target, 'movies')).at(-1)).toMatchObject({
        status: 'failed',
        stage: 'load',
        error_code: 'conflict_retries_exhausted',
      });
      expect(await deployed.service.messages()).toMatchObject([
        { attributes: { pipeline: 'movies', stage: 'load', error_code: 'conflict_retries_exhausted' } },
      ]);
      const next = await deployed.service.execute({ pipeline: 'movies', again: true });
      expect(next.error ?? next.status, next.cause).toBe('SUCCEEDED');
      expect(await rowsOf(deployed.service.target, 'movies')).toEqual(
        await rowsOf(deployed.reference.target, 'movies'),
      );
    }, 240_000);
  });
}
