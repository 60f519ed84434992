import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { scatterJob } from '../../lib/scatter/job.ts';
import { type ScatterSteps, scatterSteps } from '../../lib/scatter/steps.ts';
import type { TransformRequest } from '../../lib/transform/request.ts';
import { runTransformBy } from '../transform/support/stage.ts';
import { type RecordedRead, recordedStore } from './support/recorded-store.ts';

const lineBytes = 40;

/** A CSV of so many pieces of 4,000 bytes. */
function csvOf(pieces: number): string {
  const lines = Array.from({ length: (pieces * 4_000) / lineBytes }, (_, i) =>
    `${i},name ${i % 900},${i % 77}.25,`.padEnd(lineBytes - 1, 'x'),
  );
  return ['id,name,amount,filler', ...lines].join('\n');
}

interface Reads {
  readonly survey: readonly RecordedRead[][];
  readonly plan: readonly RecordedRead[];
  readonly clean: readonly RecordedRead[][];
  readonly gather: readonly RecordedRead[][];
  readonly join: readonly RecordedRead[];
  /** Bytes of the objects of cleaned rows. */
  readonly cleaned: number;
}

/** Does all steps, each as a process of its own would. @returns what each call reads of the store */
async function readsOf(pieces: number, buckets: number): Promise<Reads> {
  const content = csvOf(pieces);
  const sizes = { partBytes: Math.ceil(content.length / pieces), bucketBytes: Math.ceil(content.length / buckets) };
  let reads: Reads | undefined;
  await runTransformBy(
    async (request) => {
      const { store, take } = recordedStore(request.store);
      const steps = async (): Promise<ScatterSteps> => scatterSteps(await scatterJob({ ...request, store }, sizes));
      const each = async (count: number, step: (number: number) => Promise<void>): Promise<RecordedRead[][]> => {
        const all: RecordedRead[][] = [];
        for (let number = 0; number < count; number += 1) {
          await step(number);
          all.push(take());
        }
        return all;
      };
      const { slices } = await (await steps()).split();
      take();
      const survey = await each(slices, async (slice) => await (await steps()).survey({ slice }));
      const planned = await (await steps()).plan();
      const plan = take();
      expect(planned).toEqual({ buckets });
      const clean = await each(slices, async (slice) => await (await steps()).clean(slice));
      const cleaned = await rowBytes(request, (await scatterJob(request, sizes)).prefix, slices);
      const gather = await each(buckets, async (bucket) => await (await steps()).gather(bucket));
      const manifest = await (await steps()).join();
      reads = { survey, plan, clean, gather, join: take(), cleaned };
      return manifest;
    },
    { format: 'csv', content },
    { deduplicate: true, key_columns: ['id'] },
  );
  if (reads === undefined) throw new Error('Nothing was read.');
  return reads;
}

async function rowBytes({ store }: TransformRequest, prefix: string, slices: number): Promise<number> {
  let bytes = 0;
  for (let slice = 0; slice < slices; slice += 1) {
    const key = `${prefix}/rows/clean-${String(slice).padStart(5, '0')}.entries`;
    bytes += (await store.get(key))?.length ?? 0;
  }
  return bytes;
}

const bytesOf = (reads: readonly RecordedRead[]): number => reads.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
const most = (calls: readonly RecordedRead[][]): number => Math.max(...calls.map(bytesOf));

test('no step but the plan and the join reads something of every slice, and a gather reads the rows of its bucket alone', {
  timeout: 120_000,
}, async () => {
  const few = await readsOf(6, 3);
  const many = await readsOf(24, 3);
  for (const step of ['survey', 'clean'] as const) {
    const requests = many[step].map((reads) => reads.length);
    expect(new Set(requests), step).toEqual(new Set(few[step].map((reads) => reads.length)));
    expect(Math.max(...requests), step).toBeLessThanOrEqual(6);
    // Numbers of more digits alone make a description longer.
    expect(most(many[step]), step).toBeLessThan(most(few[step]) * 1.05 + 100);
  }
  expect(many.plan.length).toBe(24 + 3);
  expect(many.join.length).toBe(1 + 24 + 3);
  // Of each slice where its entry lies, and the entry; each row is read once by all gathers together.
  for (const { cleaned, gather } of [few, many]) {
    const rows = gather.flat().filter(({ key }) => /^clean-\d+\.entries$/.test(key));
    const slices = rows.length / 2 / gather.length;
    const places = rows.filter(({ bytes }) => bytes === 16);
    expect(places).toHaveLength(slices * gather.length);
    const head = slices * (gather.length + 1) * 8;
    expect(bytesOf(rows) - bytesOf(places)).toBe(cleaned - head);
    expect(new Set(gather.map((reads) => reads.length - 2 * slices))).toEqual(new Set([2]));
  }
});

test('a gather gives the same chunks where everything but its own bytes of the cleaned rows is garbage', {
  timeout: 60_000,
}, async () => {
  const content = csvOf(5);
  const sizes = { partBytes: 4_000, bucketBytes: content.length / 2 };
  await runTransformBy(
    async (request) => {
      const steps = scatterSteps(await scatterJob(request, sizes));
      const { slices } = await steps.split();
      for (let slice = 0; slice < slices; slice += 1) await steps.survey({ slice });
      await steps.plan();
      for (let slice = 0; slice < slices; slice += 1) await steps.clean(slice);
      const { prefix } = await scatterJob(request, sizes);
      // The second bucket of each slice, and where it lies.
      const objects: { readonly key: string; readonly whole: Buffer; readonly garbled: Buffer }[] = [];
      for (let slice = 0; slice < slices; slice += 1) {
        const key = `${prefix}/rows/clean-${String(slice).padStart(5, '0')}.entries`;
        const whole = Buffer.from((await request.store.get(key)) ?? []);
        const [from, to] = [Number(whole.readBigUInt64LE(8)), Number(whole.readBigUInt64LE(16))];
        expect(to).toBeGreaterThan(from);
        const garbled = Buffer.from(whole).fill(0xa5, 0, 8).fill(0xa5, 24, from).fill(0xa5, to);
        objects.push({ key, whole, garbled });
      }
      await steps.gather(1);
      const chunk = `${prefix}/bucket-00001/clean/part-00000.parquet`;
      const before = await readFile(await request.store.localPath(chunk));
      await request.store.removeAll(`${prefix}/bucket-00001`);
      await request.store.removeAll(`${prefix}/gather-00001.json`);
      for (const { garbled, key } of objects) await request.store.put(key, garbled);
      await expect(steps.gather(0)).rejects.toThrow();
      await steps.gather(1);
      expect((await readFile(await request.store.localPath(chunk))).equals(before)).toBe(true);
      for (const { key, whole } of objects) await request.store.put(key, whole);
      await steps.gather(0);
      return await steps.join();
    },
    { format: 'csv', content },
    { deduplicate: true },
  );
});
