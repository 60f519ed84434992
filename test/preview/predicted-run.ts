import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Sql } from '../../lib/dsql/connect.ts';
import type { Statements } from '../../lib/dsql/sql.ts';
import type { Target } from '../../lib/dsql/target.ts';
import { EtlError } from '../../lib/errors.ts';
import type { Preview } from '../../lib/preview/preview.ts';
import { previewPipeline } from '../../lib/preview/preview-pipeline.ts';
import type { RunResult } from '../../lib/run/result.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import type { RunDemand } from '../../lib/run/run-demand.ts';
import { runPipeline } from '../../lib/run/run-pipeline.ts';
import { folderStore } from '../../lib/store/folder-store.ts';

/** Statements in their order, as the database got them; `BEGIN` where a transaction was begun. */
function recorded(target: Target): { readonly target: Target; readonly statements: string[] } {
  const statements: string[] = [];
  const { sql } = target;
  const noting = (on: Statements): Statements =>
    Object.assign(
      (parts: TemplateStringsArray, ...values: never[]) => {
        statements.push(parts.join('?').trim());
        return on(parts, ...values);
      },
      {
        unsafe: (text: string, ...rest: never[]) => {
          statements.push(text.trim());
          return on.unsafe(text, ...rest);
        },
      },
    ) as Statements;
  const watched = Object.assign(noting(sql), {
    ...sql,
    unsafe: noting(sql).unsafe,
    together: <T>(work: (on: Statements) => Promise<T>) => sql.together(async (on) => await work(noting(on))),
    begin: (work: never): unknown => {
      statements.push('BEGIN');
      return sql.begin(work);
    },
  });
  return { target: { ...target, sql: watched as unknown as Sql }, statements };
}

/** Runs a pipeline behind its preview. @returns how the run ended, or in which way the preview was wrong */
export async function runPredicted(context: RunContext, demand: RunDemand): Promise<RunResult | string> {
  const folder = path.join(context.scratchDir, 'preview');
  const looking = recorded(context.target);
  const preview = await previewPipeline(
    { ...context, target: looking.target, store: folderStore(path.join(folder, 'store')), scratchDir: folder },
    { again: demand.again, force: demand.force },
  ).catch((error: unknown) => {
    if (error instanceof EtlError) return error;
    throw error;
  });
  rmSync(folder, { recursive: true, force: true });
  const writing = looking.statements.find((text) => !/^(SELECT|WITH)\s/.test(text));
  if (writing !== undefined) return `the preview sent ${writing}`;
  const running = recorded(context.target);
  const result = await runPipeline({ ...context, target: running.target }, demand);
  const ddl = running.statements.filter((text) => /^(CREATE|ALTER|DROP)\s/.test(text) && !text.includes('public.etl_'));
  return wrongIn(preview, result, ddl) ?? result;
}

function wrongIn(preview: Preview | EtlError, result: RunResult, ddl: readonly string[]): string | undefined {
  const told = `the run was ${result.status} (${result.error_code ?? 'no code'}: ${result.error_message ?? ''})`;
  if (preview instanceof EtlError) {
    return result.error_code === preview.code ? undefined : `the preview threw ${preview.code}, ${told}`;
  }
  const { counts, outcome, writes } = preview;
  const statuses = { load: 'success', skip: 'skipped', fail: 'failed' } as const;
  const code = outcome.status === 'load' ? null : outcome.code;
  if (statuses[outcome.status] !== result.status || code !== result.error_code) {
    return `the preview said ${JSON.stringify(outcome)}, ${told}`;
  }
  if (JSON.stringify(preview.ddl) !== JSON.stringify(ddl)) {
    return `statements were ${JSON.stringify(ddl)}, predicted ${JSON.stringify(preview.ddl)}`;
  }
  if (result.status !== 'success' || writes === undefined) return undefined;
  if (writes.unknown.some((text) => text.startsWith('A run takes back'))) return undefined;
  const rejected = writes.rows_rejected;
  const predicted: Partial<Record<keyof RunResult, number | null>> = {
    rows_read: counts.rows_read,
    rows_filtered: counts.rows_filtered,
    rows_deduplicated: counts.rows_deduplicated,
    rows_rejected: rejected === null ? null : counts.rows_rejected + rejected,
    rows_unchanged: writes.rows_unchanged,
    rows_deleted: writes.rows_deleted,
    rows_inserted: writes.rows_inserted,
    rows_updated: writes.rows_updated,
  };
  const wrong = Object.entries(predicted).filter(([name, count]) => result[name as keyof RunResult] !== count);
  if (wrong.length === 0) return undefined;
  const both = wrong.map(([name, count]) => `${name} ${String(result[name as keyof RunResult])}, predicted ${count}`);
  return `counts ${both.join('; ')}`;
}
