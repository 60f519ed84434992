import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { type OpenTarget, openTarget } from '../../lib/cli/target.ts';
import { actProcesses } from '../../lib/cli/ui/act-process.ts';
import { configReader } from '../../lib/cli/ui/config-reader.ts';
import { systemClock } from '../../lib/clock.ts';
import type { PerformAct } from '../../lib/ui/acts/act.ts';
import { Acts } from '../../lib/ui/acts/acts.ts';
import { servePage } from '../../lib/ui/serve-page.ts';
import { writeShop } from './shop.ts';

/** The page's clock stands still, so that pictures of two days can be compared. */
export const shopTime = new Date('2026-05-14T09:42:00Z');

/** The page over a shop whose pipelines have not run yet. */
export interface ShopSite {
  readonly target: OpenTarget;
  readonly folder: string;
  readonly origin: string;
  readonly newLink: () => string;
  readonly close: () => Promise<void>;
}

/** Opens a local DSQL in a folder of its own, and serves the page over it. */
export async function openShop(): Promise<ShopSite> {
  const folder = mkdtempSync(path.join(tmpdir(), 'etl-shop-'));
  const config = writeShop(folder);
  const target = await openTarget('local', {}, path.join(folder, '.etl'));
  const acts = new Acts(performing(config), systemClock);
  const clock = { ...target.retry.clock, now: () => shopTime };
  const still = { ...target, retry: { ...target.retry, clock } };
  const served = await servePage({ target: still, local: true, config: configReader(config, undefined), acts }, 0);
  return {
    target,
    folder,
    origin: `http://127.0.0.1:${served.port}`,
    newLink: served.newLink,
    close: async () => {
      await acts.close();
      await served.close();
      await target.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Acts are real; but a preview of `customers` stays half done, because nobody could press the shutter in time. */
function performing(config: string): PerformAct {
  const real = actProcesses({ config, target: 'local' });
  return async (demand, onProgress, signal) => {
    if (demand.pipeline !== 'customers' || demand.kind !== 'preview_run') return await real(demand, onProgress, signal);
    onProgress({ stage: 'load', rows: 48_200, of: 120_000 }, undefined);
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return { kind: 'failed', code: 'unexpected', message: 'The page was closed.' };
  };
}

/** One way to look at a page. */
export interface Look {
  readonly theme: 'light' | 'dark';
  readonly locale: 'en' | 'ja';
  /** In pixels. */
  readonly width: number;
}

/** Both themes, both languages, a telephone and a desk. */
export const looks: readonly Look[] = (['light', 'dark'] as const).flatMap((theme) =>
  (['en', 'ja'] as const).flatMap((locale) => [1440, 375].map((width) => ({ theme, locale, width }))),
);

/** A browser's window that is let in. @param scale  pixels of a picture for one of the page */
export async function windowOf(browser: Browser, site: ShopSite, look: Look, scale = 1): Promise<BrowserContext> {
  const context = await browser.newContext({
    locale: look.locale,
    colorScheme: look.theme,
    viewport: { width: look.width, height: 812 },
    deviceScaleFactor: scale,
    reducedMotion: 'reduce',
  });
  await letIn(context, site);
  return context;
}

export async function letIn(context: BrowserContext, site: ShopSite): Promise<void> {
  const tab = await context.newPage();
  await tab.goto(site.newLink());
  await tab.waitForURL((url) => url.search === '');
  await tab.close();
}
