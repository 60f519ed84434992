import { afterAll, beforeAll, it } from 'vitest';
import { type InProcess, inProcess } from '../support/in-process.ts';
import { loadsAll, pipelineOf } from './real-files.ts';

let space: InProcess;

beforeAll(async () => {
  space = await inProcess();
  space.write('etl.yaml', `pipelines:\n${pipelineOf('flights', 'flights-200k.json')}`);
});

afterAll(async () => await space.remove());

it('of 231,083 flights loads in the counts a plain reader finds', async () => {
  await loadsAll(space, 'flights', 'flights-200k.json');
});
