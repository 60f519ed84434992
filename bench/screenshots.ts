import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { chromiumPath } from './support/chromium.ts';
import { type Look, looks, openShop, type ShopSite, windowOf } from './support/shop-site.ts';
import { openShot, type Shot, takeAll } from './support/shots.ts';

/** The pictures of docs/images: a shot, how it is looked at, and how high it is cut. */
const pictures: Readonly<Record<string, readonly [string, Look, number]>> = {
  overview: ['overview', { theme: 'light', locale: 'en', width: 1280 }, 830],
  run: ['run-warned', { theme: 'light', locale: 'en', width: 1280 }, 1000],
  pipeline: ['pipeline', { theme: 'dark', locale: 'en', width: 1280 }, 830],
  'overview-narrow': ['overview', { theme: 'light', locale: 'ja', width: 375 }, 1000],
  'run-narrow': ['run-warned', { theme: 'dark', locale: 'ja', width: 375 }, 1000],
};

/**
 * `npm run bench -- screenshots`: takes the pictures of docs/images anew.
 *
 * `npm run bench -- screenshots <folder> [part…]`: every view of `etl ui` in both themes, both languages, and 1440 and 375
 * pixels wide, as `<folder>/<view>-<theme>-<language>-<width>.png`; or those whose file names have such a part.
 */
export async function run([into, ...parts]: readonly string[]): Promise<void> {
  if (chromiumPath === undefined)
    throw new Error('Pictures need Chromium: install it, or say where it is with CHROMIUM.');
  process.env.TZ = 'UTC';
  const site = await openShop();
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    await takeAll(site, into === undefined ? docsTaker(browser, site) : folderTaker(browser, site, into, parts));
  } finally {
    await browser.close();
    await site.close();
  }
}

type Take = (shots: readonly Shot[]) => Promise<void>;

/** The pictures of docs/images, each when its shot comes. */
function docsTaker(browser: Browser, site: ShopSite): Take {
  return async (shots) => {
    for (const [name, [shown, look, height]] of Object.entries(pictures)) {
      const shot = shots.find((one) => one.name === shown);
      if (shot === undefined) continue;
      const context = await windowOf(browser, site, look, look.width < 800 ? 1.5 : 1);
      const tab = await openShot(context, site, shot);
      await tab.setViewportSize({ width: look.width, height });
      const file = path.join('docs', 'images', `${name}.png`);
      await tab.screenshot({ path: file });
      await context.close();
      process.stdout.write(`${file}\n`);
    }
  };
}

/** Every shot in every look, from top to bottom. */
function folderTaker(browser: Browser, site: ShopSite, folder: string, parts: readonly string[]): Take {
  mkdirSync(folder, { recursive: true });
  return async (shots) => {
    for (const look of looks) {
      const fileOf = ({ name }: Shot): string => `${name}-${look.theme}-${look.locale}-${look.width}.png`;
      const chosen = shots.filter((shot) => parts.length === 0 || parts.some((part) => fileOf(shot).includes(part)));
      if (chosen.length === 0) continue;
      const context = await windowOf(browser, site, look);
      for (const shot of chosen) {
        const tab = await openShot(context, site, shot);
        await tab.screenshot({ path: path.join(folder, fileOf(shot)), fullPage: true });
        await tab.close();
        process.stdout.write(`${fileOf(shot)}\n`);
      }
      await context.close();
    }
  };
}
