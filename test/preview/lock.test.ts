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

/** The others are in the long suite. */
const quick = ['drop', 'rename in columns', 'rules that make columns'];

describe('a lock of a pipeline with', () => {
  it.each(lockCases.filter(({ key }) => quick.includes(key)))('$key: the next run does the same', async (one) => {
    await playLock(etl, one);
  });
});
