import type { Deployment } from '../deployment.ts';
import type { referenceRun } from '../reference-run.ts';

/** The sample pipelines that read a file. */
export const files = ['zipcodes', 'movies', 'birdstrikes', 'flights'] as const;
export const sampleFile = {
  zipcodes: 'zipcodes.csv',
  movies: 'movies.json',
  birdstrikes: 'birdstrikes.csv',
  flights: 'flights-200k.json',
} as const;

/** A deployed service, and a laptop that ran the same pipelines; there when the tests run. */
export interface Deployed {
  readonly service: Deployment;
  readonly reference: Awaited<ReturnType<typeof referenceRun>>;
  /** Pages that the slow API was asked for. */
  readonly slowCalls: () => number;
}
