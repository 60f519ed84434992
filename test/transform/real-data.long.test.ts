import { test } from 'vitest';
import { countsFlights } from './support/real-data.ts';

test('231,083 flights are all there, exact duplicates counted', async () => {
  await countsFlights('flights-200k.json', 231_083);
});
