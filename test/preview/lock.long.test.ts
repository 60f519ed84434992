import { afterAll, beforeAll, describe, it } from 'vitest';
import { type InProcess, inProcess } from '../support/in-process.ts';
import { lockCases, playLock } from './lock-cases.ts';

let etl: InProcess;

beforeAll(async () => {
  etl = await inProcess();
});

afterAll(async () => {
  await etl.remove();
});

describe('a lock of a pipeline with', () => {
  it.each(lockCases)('$key: the next run does the same', async (one) => {
    await playLock(etl, one);
  });
});
