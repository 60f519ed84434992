import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { configReader } from '../../lib/cli/ui/config-reader.ts';
import { type ServedPage, servePage } from '../../lib/ui/serve-page.ts';
import type { Site } from '../../lib/ui/site.ts';
import { type InProcess, inProcess } from './in-process.ts';

/** Requests to a page as a browser that is let in sends them. */
export interface Visit {
  readonly origin: string;
  /** The text of a page by its path. */
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<string>;
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
}

/** The page over the local DSQL of a test. */
export interface PageOfTest extends ServedPage, Visit {}

/** Opens a link, and keeps its cookie. */
export async function visit(link: string): Promise<Visit> {
  const { origin } = new URL(link);
  const cookie = ((await fetch(link)).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    await fetch(`${origin}${path}`, {
      redirect: 'manual',
      ...init,
      headers: { cookie, 'accept-language': 'en', ...init.headers },
    });
  return { origin, ask, get: async (path, headers) => await (await ask(path, { headers: headers ?? {} })).text() };
}

/** Serves the page over what a test runs. */
export async function pageOver(space: InProcess, more: Partial<Site> = {}): Promise<PageOfTest> {
  const config = configReader(path.join(space.folder, 'etl.yaml'), undefined);
  const served = await servePage({ target: space.target, local: true, config, ...more }, 0);
  return { ...served, ...(await visit(served.newLink())) };
}

/** A folder with a configuration and a local DSQL of its own, and the page over it. */
export interface PageSpace {
  readonly space: InProcess;
  readonly page: PageOfTest;
  readonly close: () => Promise<void>;
}

/** Serves the page over a new folder. @param more  makes what else the page is served with */
export async function openPageSpace(
  config: string,
  more: (configFile: string) => Partial<Site> = () => ({}),
): Promise<PageSpace> {
  const space = await inProcess();
  const site = more(space.write('etl.yaml', config));
  const page = await pageOver(space, site);
  return {
    space,
    page,
    close: async () => {
      await site.acts?.close();
      await page.close();
      await space.remove();
    },
  };
}

/** Posts a form as the page's own browser does. */
export async function postForm(
  page: Visit,
  to: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.get('/data'))?.[1] ?? '';
  const body = new URLSearchParams({ csrf, ...fields });
  return await page.ask(to, { method: 'POST', headers: { origin: page.origin }, body });
}

/** Resolves with the link that a process of `etl ui` prints next. */
export async function linkOf(child: ChildProcess): Promise<string> {
  let text = '';
  return await new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (some: string) => {
      text += some;
      const link = /http:\S+/.exec(text)?.[0];
      if (link !== undefined) resolve(link);
    });
    child.once('close', (status) => reject(new Error(`etl ui ended with ${status}: ${text}`)));
  });
}

/** The numbers of the log that a page shows, by the names under which it shows them; the first of each. */
export function numbersOf(text: string): Readonly<Record<string, number>> {
  const found = [...text.matchAll(/<data class="n" value="([^"]*)" data-name="([^"]*)"/g)];
  return Object.fromEntries(found.reverse().map(([, value, name]) => [name ?? '', Number(value)]));
}
