import type { Context, Hono } from 'hono';
import { findRuns } from '../state/run-history.ts';
import { runUnderWay } from '../state/run-overview.ts';
import type { ActDemand } from './acts/act.ts';
import type { Acts } from './acts/acts.ts';
import { links } from './links.ts';
import { reading } from './reading.ts';
import type { Site, View, Viewer } from './site.ts';
import { actView } from './views/act.ts';
import { problem } from './views/problem.ts';

/** Rows of the source that a preview looks at, unless all are asked for. */
const previewRows = 10_000;

/** What the routes of acts need of the application. */
export interface ActRoutes {
  readonly viewerOf: (context: Context) => Viewer;
  readonly show: (context: Context, view: View) => Promise<Response>;
  /** Whether the service's tables are there. */
  readonly ready: () => Promise<boolean>;
}

/** Routes that preview, confirm and do; each form has been checked before it comes here. */
export function addActRoutes(app: Hono, site: Site, { ready, show, viewerOf }: ActRoutes): void {
  const refuse = async (context: Context, why: 'actsOff' | 'noConfig' | 'noRun' | 'mustConfirm'): Promise<Response> => {
    const viewer = viewerOf(context);
    const { act, problem: text } = viewer.words;
    const says = why === 'mustConfirm' ? act.mustConfirm : text[why];
    return await show(
      context,
      problem(viewer, why === 'noRun' ? text.notFound : text.forbidden, says, why === 'noRun' ? 404 : 403),
    );
  };
  const begin = (context: Context, acts: Acts, demand: ActDemand): Response =>
    context.redirect(links.act(acts.start(demand)), 303);
  const formOf = async (context: Context): Promise<Readonly<Record<string, string>>> => {
    const fields = Object.entries(await context.req.parseBody());
    return Object.fromEntries(fields.filter((field): field is [string, string] => typeof field[1] === 'string'));
  };

  for (const preview of [true, false]) {
    app.post(`/pipelines/:name/run${preview ? '/preview' : ''}`, async (context) => {
      const form = await formOf(context);
      const pipeline = context.req.param('name');
      if (site.acts === undefined) return await refuse(context, 'actsOff');
      if (site.config().loaded === undefined) return await refuse(context, 'noConfig');
      const again = form.again === '1';
      if (preview) {
        return begin(context, site.acts, {
          kind: 'preview_run',
          pipeline,
          again,
          rows: form.rows === 'all' ? null : previewRows,
        });
      }
      if (form.confirmed !== pipeline) return await refuse(context, 'mustConfirm');
      return begin(context, site.acts, { kind: 'run', pipeline, again });
    });
    for (const kind of ['replay', 'undo'] as const) {
      app.post(`/runs/:id/${kind}${preview ? '/preview' : ''}`, async (context) => {
        const form = await formOf(context);
        if (site.acts === undefined) return await refuse(context, 'actsOff');
        if (kind === 'replay' && site.config().loaded === undefined) return await refuse(context, 'noConfig');
        const runs = (await ready()) ? await reading(site.target, (sql) => findRuns(sql, context.req.param('id'))) : [];
        const [run] = runs;
        if (run === undefined || runs.length > 1) return await refuse(context, 'noRun');
        const of = { pipeline: run.pipeline_name, run: run.run_id };
        if (preview) return begin(context, site.acts, { kind: `preview_${kind}`, ...of });
        const isConfirmed = kind === 'replay' ? form.confirmed === run.pipeline_name : form.sure === run.target_table;
        if (!isConfirmed) return await refuse(context, 'mustConfirm');
        if (kind === 'replay') return begin(context, site.acts, { kind, ...of });
        return begin(context, site.acts, {
          kind,
          ...of,
          rows: /^\d{1,15}$/.test(form.rows ?? '') ? Number(form.rows) : 0,
        });
      });
    }
  }

  app.get('/acts/:id', async (context) => {
    const viewer = viewerOf(context);
    const act = site.acts?.get(context.req.param('id'));
    if (act === undefined)
      return await show(context, problem(viewer, viewer.words.problem.notFound, viewer.words.act.noAct, 404));
    const runs =
      (await ready()) && act.state === 'working' && (act.demand.kind === 'run' || act.demand.kind === 'replay');
    const underWay = runs ? await reading(site.target, (sql) => runUnderWay(sql, act.demand.pipeline)) : undefined;
    return await show(context, actView(viewer, act, underWay));
  });
}
