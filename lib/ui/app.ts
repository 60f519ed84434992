import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { streamSSE } from 'hono/streaming';
import type { Transaction } from '../dsql/connect.ts';
import { EtlError, messageOf } from '../errors.ts';
import { findRuns } from '../state/run-history.ts';
import { logVersion } from '../state/run-overview.ts';
import { runSeries } from '../state/run-series.ts';
import { areServiceTablesReady } from '../state/service-tables.ts';
import { addActRoutes } from './act-routes.ts';
import { assetOf, isAsset } from './assets.ts';
import { formatOf } from './format.ts';
import type { Guard } from './guard.ts';
import { document } from './layout.ts';
import { links } from './links.ts';
import { reading } from './reading.ts';
import { type Site, type Theme, themes, type View, type Viewer } from './site.ts';
import { dataView } from './views/data.ts';
import { overview } from './views/overview.ts';
import { chartedRuns, pipelineView } from './views/pipeline.ts';
import { problem } from './views/problem.ts';
import { rejectedRowsView, rejectedView } from './views/rejected.ts';
import { runView } from './views/run.ts';
import { isLanguage, languageOf, languages } from './words/language.ts';

/** How often a page that follows a run asks the database, in milliseconds; of a cluster seldom, for every look costs. */
const followMs = { act: 300, local: 1_000, cluster: 5_000 } as const;
/** A choice of language or theme is kept for a year. */
const choiceSeconds = 365 * 24 * 3600;

/** The page as an HTTP application. */
export function appOf(site: Site, guard: Guard): Hono {
  const app = new Hono();
  const viewerOf = (context: Context): Viewer => makeViewer(context, site, guard);
  const show = async (context: Context, view: View): Promise<Response> =>
    await context.html(document(viewerOf(context), view), view.status ?? 200);

  app.use(
    guard.middleware(async (context, why) => {
      const { problem: text } = viewerOf(context).words;
      return await show(context, problem(viewerOf(context), text.forbidden, text[why], 403));
    }),
  );
  app.onError(async (error, context) => {
    const viewer = viewerOf(context);
    const text = error instanceof EtlError ? messageOf(error) : `Unexpected error: ${messageOf(error)}`;
    return await show(
      context,
      problem(viewer, viewer.words.problem.failed, text, error instanceof EtlError ? 503 : 500),
    );
  });
  const lost = async (context: Context, text: string): Promise<Response> => {
    const viewer = viewerOf(context);
    return await show(context, problem(viewer, viewer.words.problem.notFound, text, 404));
  };
  app.notFound(async (context) => await lost(context, viewerOf(context).words.problem.notFoundText));

  app.get('/assets/:name', (context) => {
    const name = context.req.param('name');
    if (!isAsset(name)) return context.notFound();
    const { content, type, version } = assetOf(name);
    const lasts = context.req.query('v') === version;
    context.header('Cache-Control', lasts ? 'private, max-age=31536000, immutable' : 'no-cache');
    return context.body(new Uint8Array(content), 200, { 'Content-Type': type });
  });

  app.use(async (context, next) => {
    const { lang, theme } = context.req.query();
    if (lang === undefined && theme === undefined) return await next();
    const keep = (name: string, value: string): void =>
      setCookie(context, name, value, { path: '/', sameSite: 'Lax', maxAge: choiceSeconds });
    if (isLanguage(lang)) keep('etl_lang', lang);
    if (isTheme(theme)) keep('etl_theme', theme);
    const address = new URL(context.req.url);
    for (const name of ['lang', 'theme']) address.searchParams.delete(name);
    return context.redirect(`${address.pathname}${address.search}`, 303);
  });

  const ready = readiness(site);
  /** Makes a view from one moment of the database; undefined before the first run has made the service's tables. */
  const look = async (work: (sql: Transaction | undefined) => Promise<View>): Promise<View> =>
    (await ready()) ? await reading(site.target, work) : await work(undefined);

  app.get(
    links.overview,
    async (context) => await show(context, await look((sql) => overview(viewerOf(context), sql))),
  );
  app.get('/pipelines/:name', async (context) => {
    const viewer = viewerOf(context);
    const unknown = problem(viewer, viewer.words.problem.notFound, viewer.words.problem.noPipeline, 404);
    const view = await look(async (sql) => (await pipelineView(viewer, sql, context.req.param('name'))) ?? unknown);
    return await show(context, view);
  });
  app.get('/pipelines/:name/series', async (context) => {
    const name = context.req.param('name');
    const runs = (await ready()) ? await reading(site.target, (sql) => runSeries(sql, name, chartedRuns)) : [];
    return context.json({
      at: runs.map((run) => Math.round(run.at)),
      loaded: runs.map((run) => run.rows_loaded),
      rejected: runs.map((run) => (run.rows_read === 0 ? 0 : (100 * run.rows_rejected) / run.rows_read)),
      seconds: runs.map((run) => run.seconds),
      failed: runs.map((run) => (run.status === 'failed' ? 1 : 0)),
      run: runs.map((run) => run.run_id),
    });
  });
  app.get('/runs/:id', async (context) => {
    const viewer = viewerOf(context);
    const noRun = problem(viewer, viewer.words.problem.notFound, viewer.words.problem.noRun, 404);
    const view = await look(async (sql) => {
      const [run, other] = sql === undefined ? [] : await findRuns(sql, context.req.param('id'));
      return sql === undefined || run === undefined || other !== undefined
        ? noRun
        : await runView(viewer, sql, run.run_id);
    });
    return await show(context, view);
  });

  app.get(
    '/rejected',
    async (context) => await show(context, await look((sql) => rejectedView(viewerOf(context), sql))),
  );
  app.get('/rejected/rows', async (context) => {
    const viewer = viewerOf(context);
    const none = problem(viewer, viewer.words.problem.notFound, viewer.words.problem.notFoundText, 404);
    return await show(
      context,
      await look(async (sql) => (sql === undefined ? none : await rejectedRowsView(viewer, sql))),
    );
  });
  app.get('/data', async (context) => await show(context, await dataView(viewerOf(context), {})));
  app.get(
    '/data/:table',
    async (context) => await show(context, await dataView(viewerOf(context), { table: context.req.param('table') })),
  );
  app.post('/data', async (context) => {
    const { query } = await context.req.parseBody();
    return await show(context, await dataView(viewerOf(context), { query: typeof query === 'string' ? query : '' }));
  });

  addActRoutes(app, site, { viewerOf, show, ready });

  app.get('/events', (context) => {
    const { act, run } = context.req.query();
    const versionOf = async (): Promise<string> => {
      if (act !== undefined) return JSON.stringify([site.acts?.get(act)]);
      const ours = run === undefined ? undefined : site.acts?.runningNow().map(({ progress }) => progress);
      return JSON.stringify([ours, (await ready()) ? await reading(site.target, (sql) => logVersion(sql, run)) : '']);
    };
    const everyMs = act !== undefined ? followMs.act : site.local ? followMs.local : followMs.cluster;
    return streamSSE(context, async (stream) => {
      const ended = new AbortController();
      stream.onAbort(() => ended.abort());
      let before: string | undefined;
      while (!stream.aborted && !stream.closed) {
        const version = await versionOf();
        await stream.writeSSE({ event: version === before ? 'same' : 'version', data: '' });
        before = version;
        await site.target.retry.clock.sleep(everyMs, ended.signal).catch(() => undefined);
      }
    });
  });
  return app;
}

function makeViewer(context: Context, site: Site, guard: Guard): Viewer {
  const language = languageOf(getCookie(context, 'etl_lang'), context.req.header('accept-language'));
  const words = languages[language];
  const now = site.target.retry.clock.now();
  const chosen = getCookie(context, 'etl_theme');
  return {
    site,
    language,
    words,
    format: formatOf(language, words, now),
    theme: isTheme(chosen) ? chosen : 'auto',
    now,
    url: new URL(context.req.url),
    csrf: guard.csrf,
  };
}

function isTheme(name: string | undefined): name is Theme {
  return themes.some((one) => one === name);
}

/** Whether the service's tables are there; when they are, they stay. */
function readiness({ target }: Site): () => Promise<boolean> {
  let known = false;
  return async () => {
    known ||= await areServiceTablesReady(target);
    return known;
  };
}
