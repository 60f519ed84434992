import path from 'node:path';
import { configReader } from '../../lib/cli/ui/config-reader.ts';
import { type ServedPage, servePage } from '../../lib/ui/serve-page.ts';
import type { Site } from '../../lib/ui/site.ts';
import type { InProcess } from './in-process.ts';

/** The page over the local DSQL of a test, and requests to it as a browser that is let in sends them. */
export interface PageOfTest extends ServedPage {
  readonly origin: string;
  /** The text of a page by its path. */
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<string>;
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
}

/** Serves the page over what a test runs. */
export async function pageOver(space: InProcess, more: Partial<Site> = {}): Promise<PageOfTest> {
  const config = configReader(path.join(space.folder, 'etl.yaml'), undefined);
  const served = await servePage({ target: space.target, local: true, config, ...more }, 0);
  const origin = `http://127.0.0.1:${served.port}`;
  const welcome = await fetch(served.newLink());
  const cookie = (welcome.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    await fetch(`${origin}${path}`, {
      redirect: 'manual',
      ...init,
      headers: { cookie, 'accept-language': 'en', ...init.headers },
    });
  return {
    ...served,
    origin,
    ask,
    get: async (path, headers) => await (await ask(path, { headers: headers ?? {} })).text(),
  };
}

/** The numbers of the log that a page shows, by the names under which it shows them; the first of each. */
export function numbersOf(text: string): Readonly<Record<string, number>> {
  const found = [...text.matchAll(/<data class="n" value="([^"]*)" data-name="([^"]*)"/g)];
  return Object.fromEntries(found.reverse().map(([, value, name]) => [name ?? '', Number(value)]));
}
