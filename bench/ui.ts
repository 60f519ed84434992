import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { openTarget } from '../lib/cli/target.ts';
import { ensureServiceTables } from '../lib/state/service-tables.ts';
import { servePage } from '../lib/ui/serve-page.ts';
import { chromiumPath } from './support/chromium.ts';
import { fillRun, seededRunId, seedRuns } from './support/seeded-log.ts';

/** Loads of each page; the median is told. */
const loads = 5;

/**
 * `npm run bench -- ui [runs]`: time to the first paint and size of each page of `etl ui`, in Chromium, over a log of
 * 10,000 runs of eight pipelines on the local DSQL.
 */
export async function run([runs = '10000']: readonly string[]): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'etl-ui-'));
  const target = await openTarget('local', {}, path.join(folder, '.etl'));
  try {
    await ensureServiceTables(target);
    const first = Math.floor(Number(runs) / 2);
    await seedRuns(target.sql, {
      pipeline: 'orders',
      runs: first,
      everyMinutes: 30,
      rows: 48_000,
      failEvery: 61,
      rejectEvery: 9,
    });
    for (let other = 1; other <= 7; other += 1) {
      const some = Math.floor((Number(runs) - first) / 7);
      await seedRuns(target.sql, {
        pipeline: `pipeline_${other}`,
        runs: some,
        everyMinutes: 60,
        rows: 9_000,
        failEvery: 50,
        skipEvery: 7,
      });
    }
    const runId = await seededRunId(target.sql, 'orders', first);
    await fillRun(target.sql, 'orders', runId, { batches: 2_000, rejected: 2_000 });
    const served = await servePage({ target, local: true, config: () => ({}) }, 0);
    const pages = {
      overview: '/',
      pipeline: '/pipelines/orders',
      run: `/runs/${runId}`,
      'rejected rows': '/rejected?all=1',
      'rows of a reason': `/rejected/rows?pipeline=orders&run=${runId}&column=column_1&reason=is+not+a+number+of+kind+1&all=1`,
      data: '/data/etl_execution_log',
    };
    process.stdout.write(
      `${Number(runs).toLocaleString('en')} runs, median of ${loads} loads${chromiumPath === undefined ? '; no Chromium here, so no first paint' : ''}\n`,
    );
    await measure(served.newLink(), pages);
    await served.close();
  } finally {
    await target.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(link: string, pages: Readonly<Record<string, string>>): Promise<void> {
  const { origin } = new URL(link);
  if (chromiumPath === undefined) {
    const cookie = (await fetch(link)).headers.get('set-cookie')?.split(';')[0] ?? '';
    for (const [name, to] of Object.entries(pages)) {
      const began = performance.now();
      const text = await (await fetch(origin + to, { headers: { cookie } })).text();
      process.stdout.write(
        `${name.padEnd(18)}${(performance.now() - began).toFixed(0).padStart(7)} ms answered ${kilobytes(text.length)} HTML\n`,
      );
    }
    return;
  }
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
  try {
    const page = await (await browser.newContext({ locale: 'en' })).newPage();
    await page.goto(link);
    await page.waitForURL((url) => url.search === '');
    for (const [name, to] of Object.entries(pages)) {
      const paints: number[] = [];
      const answers: number[] = [];
      let html = 0;
      for (let load = 0; load < loads; load += 1) {
        await page.goto(origin + to, { waitUntil: 'load' });
        const { answer, paint, size } = (await page.evaluate(`new Promise((resolve) => {
          const tell = () => {
            const paint = performance.getEntriesByName('first-contentful-paint')[0];
            if (paint === undefined) return setTimeout(tell, 10);
            const navigation = performance.getEntriesByType('navigation')[0];
            resolve({ paint: paint.startTime, answer: navigation.responseEnd, size: navigation.decodedBodySize });
          };
          tell();
        })`)) as { readonly paint: number; readonly answer: number; readonly size: number };
        paints.push(paint);
        answers.push(answer);
        html = size;
      }
      process.stdout.write(
        `${name.padEnd(18)}${median(paints).toFixed(0).padStart(6)} ms to the first paint${median(answers).toFixed(0).padStart(6)} ms answered ${kilobytes(html)} HTML\n`,
      );
    }
  } finally {
    await browser.close();
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(0)} kB`.padStart(8);
}
