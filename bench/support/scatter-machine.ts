import { deepStrictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest, RawManifest } from '../../lib/manifest.ts';
import type { ScatterSteps } from '../../lib/scatter/steps.ts';
import { measured } from './measured-process.ts';
import { contentOf } from './piece-data.ts';
import type { ScatterCall } from './scatter-step-child.ts';

/** What the calls of a step took, each in a process of its own. */
export interface StepFigures {
  readonly step: string;
  readonly calls: number;
  readonly longest_seconds: number;
  /** User and system time of all calls. */
  readonly cpu_seconds: number;
  readonly peak_mb: number;
}

/** A transform in pieces, compared with the transform in one go. */
export interface ScatterFigures {
  readonly raw: RawManifest;
  readonly counts: Manifest['counts'];
  /** Of the transform in one go. */
  readonly whole: StepFigures;
  readonly steps: readonly StepFigures[];
}

type Job = Omit<ScatterCall, 'number' | 'start' | 'step'>;

/**
 * Does all steps one after another, each call in a process of its own, and the transform in one go.
 *
 * @throws where rows, ids, counts, rejected rows or types differ
 */
export async function runInPieces(job: Job, tell: (figures: StepFigures) => void): Promise<ScatterFigures> {
  const figures = new Map<string, StepFigures>();
  const call = async <T>(step: ScatterCall['step'], more: Partial<ScatterCall> = {}): Promise<T> => {
    const file = fileURLToPath(new URL('./scatter-step-child.js', import.meta.url));
    const argument = JSON.stringify({ ...job, ...more, step });
    const took = await measured({ file: process.execPath, args: [file, argument] });
    const before = figures.get(step);
    figures.set(step, {
      step,
      calls: (before?.calls ?? 0) + 1,
      longest_seconds: Math.max(before?.longest_seconds ?? 0, took.seconds),
      cpu_seconds: (before?.cpu_seconds ?? 0) + (took.cpuSeconds ?? Number.NaN),
      peak_mb: Math.max(before?.peak_mb ?? 0, took.peakMb ?? Number.NaN),
    });
    return JSON.parse(took.stdout) as T;
  };
  const told = (step: string): StepFigures => {
    const found = figures.get(step);
    if (found === undefined) throw new Error(`There was no ${step}.`);
    tell(found);
    return found;
  };
  const raw = await call<RawManifest>('extract');
  const { slices } = await call<{ readonly slices: number }>('split');
  told('split');
  let open: readonly { readonly slice: number; readonly start?: number }[] = numbers(slices).map((slice) => ({
    slice,
  }));
  let buckets = 0;
  while (open.length > 0) {
    for (const { slice, start } of open) await call('survey', { number: slice, start });
    const planned = await call<Partial<{ readonly again: typeof open; readonly buckets: number }>>('plan');
    open = planned.again ?? [];
    buckets = planned.buckets ?? 0;
  }
  told('survey');
  told('plan');
  for (const slice of numbers(slices)) await call('clean', { number: slice });
  told('clean');
  for (const bucket of numbers(buckets)) await call('gather', { number: bucket });
  told('gather');
  const pieces = await call<Manifest>('join');
  told('join');
  const whole = await call<Manifest>('whole');
  await compare(job.folder, pieces, whole);
  const names: readonly (keyof ScatterSteps)[] = ['split', 'survey', 'plan', 'clean', 'gather', 'join'];
  return {
    raw,
    counts: pieces.counts,
    whole: told('whole'),
    steps: names.flatMap((name) => figures.get(name) ?? []),
  };
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, number) => number);

async function compare(folder: string, pieces: Manifest, whole: Manifest): Promise<void> {
  // How the rows were cut is of pieces alone.
  const facts = ({ buckets: _, chunks: __, rejected: ___, ...rest }: Manifest): unknown => rest;
  const rejected = (manifest: Manifest): readonly string[] =>
    manifest.rejected
      .flatMap(({ location }) =>
        readFileSync(path.join(folder, 'store', location), 'utf8')
          .trimEnd()
          .split('\n'),
      )
      .toSorted();
  deepStrictEqual(facts(pieces), facts(whole));
  deepStrictEqual(rejected(pieces), rejected(whole));
  deepStrictEqual(await contentOf(folder, pieces), await contentOf(folder, whole));
}
