import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { withSession } from '../../lib/load/chunk-session.ts';

it('a load keeps to the memory that its pipeline allows DuckDB', async () => {
  const scratchDir = mkdtempSync(path.join(tmpdir(), 'etl-session-'));
  const target = { retry: { clock: systemClock, random: Math.random } };
  try {
    const limit = await withSession(
      { pipelineName: 'p', scratchDir, target, memoryLimitMb: 77 },
      {},
      async (session) => {
        const [row] = await session.rows("SELECT current_setting('memory_limit') AS said");
        return row?.said;
      },
    );
    expect(limit).toBe('73.4 MiB');
  } finally {
    rmSync(scratchDir, { recursive: true, force: true });
  }
});
