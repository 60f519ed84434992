import { html } from 'hono/html';
import type { Statements } from '../../dsql/sql.ts';
import type { RunReport } from '../../report/run-report.ts';
import type { ExecutionPlace } from '../../run/execution-place.ts';
import { logGroupsOf } from '../../state/run-list.ts';
import type { RunSigns } from '../../state/run-signs.ts';
import { executionLink, logsLink, parseExecution } from '../aws-links.ts';
import { type Html, nothing } from '../html.ts';
import type { Viewer } from '../site.ts';

/** Where a run ran in AWS: as its row says, or while it is under way as its lease does; undefined where neither tells it. */
export async function executionOf(
  sql: Statements,
  { details, run }: Pick<RunReport, 'details' | 'run'>,
  signs: RunSigns | undefined,
): Promise<ExecutionPlace | undefined> {
  if (details?.execution !== undefined) return details.execution;
  const arn = signs?.holder ?? '';
  if (parseExecution(arn) === undefined) return undefined;
  const groups = await logGroupsOf(sql, run.pipeline_name ?? '', arn.replace(/[^:]*$/, ''));
  return { arn, log_groups: [...groups] };
}

/** Ways to a run in AWS: to the very execution and its lines where it is known, else to all of them. */
export function awsLinks(viewer: Viewer, { run }: Pick<RunReport, 'run'>, place: ExecutionPlace | undefined): Html {
  const { now, site, words } = viewer;
  const text = words.run;
  const fact = (content: Html): Html => html`<div><dt>${text.links}</dt><dd>${content}</dd></div>`;
  const to = (href: string, label: string): Html =>
    html`<a rel="noreferrer noopener" target="_blank" href="${href}">${label}</a>`;
  const execution = place === undefined ? undefined : executionLink(place);
  if (place !== undefined && execution !== undefined) {
    const [from = now, end = now] = [run.start_time, run.end_time].map((time) =>
      time === null ? now : new Date(time),
    );
    const logs = logsLink(place, { from, to: end });
    return fact(html`${to(execution, text.execution)}, ${logs === undefined ? text.logsUnknown : to(logs, text.logs)}`);
  }
  if (site.local || site.region === undefined || run.trigger === 'cli') return nothing;
  const root = `https://${site.region}.console.aws.amazon.com`;
  return fact(
    html`${to(`${root}/states/home?region=${site.region}#/statemachines`, text.executions)} <small>${text.executionUnknown}</small>`,
  );
}
