import { expect } from 'vitest';
import { expectSame } from '../expect-same.ts';
import type { Outcome } from '../states-interpreter/interpret.ts';
import { type Deployment, deploy } from './deployment.ts';
import { type LeftBy, leftBy } from './left-by.ts';

/** A pipeline that is run twice by the machine: in one go, and in pieces. */
export interface TwoWays {
  /** Its settings in YAML's flow style, without its table. */
  readonly settings: string;
  readonly piece_mb: number;
}

/** Both ways of some pipelines, deployed; buckets `incoming` and those of the service are there. */
export interface BothWays {
  readonly service: Deployment;
  /** Runs a pipeline both ways, and compares what they have left: types, rows with their ids, rejected rows, and the log. */
  readonly expectSame: (name: string) => Promise<InPieces>;
  /** Runs a pipeline in pieces. @param rowsAs  `sum` for rows that are too many to hold */
  readonly inPieces: (name: string, rowsAs?: 'each' | 'sum') => Promise<InPieces>;
  readonly close: () => Promise<void>;
}

/** What the way in pieces has left, and how it got there. */
export interface InPieces {
  readonly left: LeftBy;
  readonly outcome: Outcome;
  readonly slices: number;
  readonly buckets: number;
}

/** Small, for sources of kilobytes. */
const smallSizes = { chunk_rows: 1_000, scatter_concurrency: 2 };

/**
 * @param settings  of the configuration beside `pipelines` and `deploy`, in YAML
 * @param sizes     more of `deploy`
 */
export async function deployBothWays(
  pipelines: Readonly<Record<string, TwoWays>>,
  settings = '',
  sizes: Readonly<Record<string, unknown>> = smallSizes,
): Promise<BothWays> {
  const deployed = { architecture: 'x86_64', scatter_above_mb: 0, load_concurrency: 2, ...sizes };
  const config = `${settings}
pipelines:
${Object.entries(pipelines)
  .flatMap(([name, { piece_mb, settings: given }]) => [
    pipeline(`whole_${name}`, `${given}, pieces_above_mb: 1000000`),
    pipeline(`pieces_${name}`, `${given}, piece_mb: ${piece_mb}`),
  ])
  .join('\n')}
deploy: ${JSON.stringify(deployed)}
`;
  const service = await deploy({ config });
  expect(await service.bootstrap('Create')).toMatchObject({ Status: 'SUCCESS' });
  await service.aws.createBucket('incoming');
  return {
    service,
    expectSame: async (name) => await expectSameLeft(service, name),
    inPieces: async (name, rowsAs) => await runInPieces(service, name, rowsAs),
    close: service.close,
  };
}

function pipeline(table: string, settings: string): string {
  return `  ${table}: { target_table: ${table}, max_rejected_ratio: 1, ${settings} }`;
}

async function expectSameLeft(service: Deployment, name: string): Promise<InPieces> {
  const whole = await run(service, `whole_${name}`);
  expect(whole.path).toContain('Transform');
  const expected = await leftBy(service.target, `whole_${name}`);
  const pieces = await runInPieces(service, name);
  const { left } = pieces;
  expect(left.columns).toEqual(expected.columns);
  expect(left.log).toEqual(expected.log);
  expectSame(left.rows, expected.rows);
  expectSame(comparable(name, left.rejected), comparable(name, expected.rejected));
  return pieces;
}

/** Rejected rows without what differs: the table's name, and of rows that the database refused their place, for chunks are cut another way, and time. */
function comparable(name: string, rejected: readonly string[]): readonly string[] {
  const table = new RegExp(`(whole|pieces)_${name}`, 'g');
  return rejected
    .map((row) =>
      row
        .replace(/chunk \d+ row \d+/, 'chunk')
        .replaceAll(table, name)
        .replace(/""extracted_at"": ""[^"]*""/, '""extracted_at""'),
    )
    .toSorted();
}

async function runInPieces(service: Deployment, name: string, rowsAs?: 'each' | 'sum'): Promise<InPieces> {
  const before = service.calls.length;
  const outcome = await run(service, `pieces_${name}`);
  expect(outcome.path).not.toContain('Transform');
  const left = await leftBy(service.target, `pieces_${name}`, rowsAs);
  const put = new Set(
    service.calls
      .slice(before)
      .filter(({ action }) => action === 's3:PutObject')
      .map(({ resource }) => resource),
  );
  const artefacts = (key: RegExp): number => [...put].filter((resource) => key.test(resource)).length;
  const [slices, buckets] = [artefacts(/\/clean-\d+\.json$/), artefacts(/\/gather-\d+\.json$/)];
  return { left, outcome, slices, buckets };
}

async function run(service: Deployment, name: string): Promise<Outcome> {
  const outcome = await service.execute({ pipeline: name, again: true });
  expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
  return outcome;
}
