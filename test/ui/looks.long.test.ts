import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { looks, openShop, type ShopSite, windowOf } from '../../bench/support/shop-site.ts';
import { openShot, type Shot, takeAll } from '../../bench/support/shots.ts';
import { axeFindings } from '../support/axe.ts';
import { chromiumPath, openBrowser, whyNoBrowser } from '../support/browser.ts';

/** What a finger presses, and is lower than 40 px. */
const tooLow = `[...document.querySelectorAll('button, .button, select, summary, input:not([type=hidden], [type=checkbox]), nav a, .switch a')]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 39.5)
  .map((one) => one.outerHTML.slice(0, 120))`;

/** Texts of controls and headings that are cut without a sign of it. */
const cut = `[...document.querySelectorAll('h1, h2, button, .button, .status, dt, thead th')]
  .filter((one) => one.checkVisibility() && one.closest('thead')?.clientWidth !== 1 && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')
  .map((one) => one.outerHTML.slice(0, 120))`;

/** What stands out of its card, where the card does not scroll. */
const outside = `[...document.querySelectorAll('.card *')]
  .filter((one) => one.checkVisibility() && one.closest('.scroll, pre, figure, thead, details:not([open]) > :not(summary)') === null
    && one.getBoundingClientRect().right > one.closest('.card').getBoundingClientRect().right - 3)
  .filter((one) => !one.matches('summary'))
  .map((one) => one.outerHTML.slice(0, 120))`;

async function problemsOf(tab: Page, width: number): Promise<readonly unknown[]> {
  await tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
  const beyond = Number(await tab.evaluate('document.documentElement.scrollWidth - innerWidth'));
  return [
    ...(beyond > 0 ? [`${beyond} px beyond the window`] : []),
    ...(await axeFindings(tab)),
    ...((await tab.evaluate(cut)) as string[]),
    ...((await tab.evaluate(outside)) as string[]),
    ...(width < 800 ? ((await tab.evaluate(tooLow)) as string[]) : []),
  ];
}

describe.skipIf(chromiumPath === undefined)(`the page${whyNoBrowser}`, () => {
  let site: ShopSite;
  let browser: Browser;
  beforeAll(async () => {
    [site, browser] = await Promise.all([openShop(), openBrowser()]);
  });
  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  it('has nothing serious for axe, nothing too wide, cut or too low, in every state, theme, language and width', async () => {
    const seen: string[] = [];
    const found: Record<string, readonly unknown[]> = {};
    await takeAll(site, async (shots: readonly Shot[]) => {
      for (const locale of ['en', 'ja'] as const) {
        const context = await windowOf(browser, site, { theme: 'light', locale, width: 1440 });
        for (const shot of shots) {
          const tab = await openShot(context, site, shot);
          for (const { theme, width } of looks.filter((look) => look.locale === locale)) {
            await tab.emulateMedia({ colorScheme: theme });
            await tab.setViewportSize({ width, height: 812 });
            const name = `${shot.name}, ${theme}, ${locale}, ${width}`;
            const problems = await problemsOf(tab, width);
            if (problems.length > 0) found[name] = problems;
            seen.push(name);
          }
          await tab.close();
        }
        await context.close();
      }
    });
    expect(found).toEqual({});
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThan(300);
  }, 1_800_000);
});
