import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { chromiumPath } from '../../bench/support/chromium.ts';

export { chromiumPath };

/** Said of tests that need a browser where there is none. */
export const whyNoBrowser = chromiumPath === undefined ? ' (skipped: no Chromium is installed here)' : '';

/** A headless Chromium. Its sandbox needs rights that containers do not give. */
export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox', '--disable-gpu'] });
}

/** A browser window that has opened a link of the page, and fails on any error of its scripts. */
export async function openWindow(
  browser: Browser,
  link: string,
  options: BrowserContextOptions = {},
): Promise<{ readonly context: BrowserContext; readonly page: Page; readonly errors: readonly string[] }> {
  const context = await browser.newContext({ locale: 'en', ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(link);
  await page.waitForURL((url) => url.search === '');
  return { context, page, errors };
}
