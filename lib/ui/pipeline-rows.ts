import type { Config } from '../config/config.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import { ownValue } from '../own-value.ts';
import type { BriefRun, PipelineSummary } from '../state/run-overview.ts';
import { type Freshness, freshnessOf, nextRun } from './next-run.ts';

/** A pipeline as the overview shows it. */
export interface PipelineRow {
  readonly name: string;
  readonly table: string | undefined;
  /** Undefined where the configuration has it no more, or there is none. */
  readonly settings: PipelineSettings | undefined;
  readonly summary: PipelineSummary | undefined;
  /** Newest first. */
  readonly runs: readonly BriefRun[];
  readonly freshness: Freshness | undefined;
  readonly next: Date | undefined;
  readonly state: PipelineState;
}

/** The states of a pipeline, in the order in which somebody should look at them; `stopped`: the log calls its last run running, and nobody is at work on it. */
export const pipelineStates = [
  'failed',
  'stopped',
  'late',
  'rejected',
  'running',
  'success',
  'skipped',
  'never',
] as const;
export type PipelineState = (typeof pipelineStates)[number];

/** States that ask for somebody. */
export const problemStates: ReadonlySet<PipelineState> = new Set(['failed', 'stopped', 'late', 'rejected']);

/** All pipelines of the configuration and the log, those that ask for somebody first. @param atWork  the runs on which somebody is at work */
export function pipelineRows(
  pipelines: Config['pipelines'] | undefined,
  summaries: readonly PipelineSummary[],
  { atWork, runs }: { readonly runs: readonly BriefRun[]; readonly atWork: ReadonlySet<string> },
  now: Date,
): readonly PipelineRow[] {
  const byName = new Map<string, BriefRun[]>();
  for (const run of runs) byName.set(run.pipeline_name, [...(byName.get(run.pipeline_name) ?? []), run]);
  const names = new Set([...Object.keys(pipelines ?? {}), ...summaries.map(({ pipeline_name }) => pipeline_name)]);
  const rows = [...names].map((name): PipelineRow => {
    const settings = pipelines === undefined ? undefined : ownValue(pipelines, name);
    const summary = summaries.find(({ pipeline_name }) => pipeline_name === name);
    const own = byName.get(name) ?? [];
    const freshness = freshnessOf(settings?.schedule, summary?.last_good ?? null, now);
    const scheduled = own.find(({ trigger }) => trigger === 'schedule') ?? own[0];
    return {
      name,
      table: settings?.target_table ?? own[0]?.target_table,
      settings,
      summary,
      runs: own,
      freshness,
      next: settings?.schedule === undefined ? undefined : nextRun(settings.schedule, scheduled?.start_time, now),
      state: stateOf(own, atWork, freshness),
    };
  });
  const rank = ({ state }: PipelineRow): number => pipelineStates.indexOf(state);
  return rows.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

function stateOf(
  [last]: readonly BriefRun[],
  atWork: ReadonlySet<string>,
  freshness: Freshness | undefined,
): PipelineState {
  if (last === undefined) return 'never';
  if (last.status === 'failed') return 'failed';
  if (last.status === 'running' && !atWork.has(last.run_id)) return 'stopped';
  if (freshness?.kind === 'late') return 'late';
  if (last.status === 'success' && last.rows_rejected > 0 && last.closed_by === null) return 'rejected';
  return last.status;
}
