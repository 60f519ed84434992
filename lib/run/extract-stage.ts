import { runStatement } from '../dsql/target.ts';
import { extract } from '../extract/extract.ts';
import type { SourceFingerprint } from '../extract/request.ts';
import type { RawManifest } from '../manifest.ts';
import { logFingerprint } from '../state/run-log.ts';
import { readWatermark } from '../state/watermark.ts';
import { prefixOf, type Run, type RunContext } from './request.ts';

/**
 * Reads the source until it is exhausted or the deadline comes; `complete` tells which.
 *
 * @param source  what `startRun` found of the files, so that they need not be hashed again
 */
export async function extractStage(
  context: RunContext,
  run: Run,
  deadline?: Date,
  source?: SourceFingerprint,
): Promise<RawManifest> {
  const watermark = await runStatement('Reading the watermark', context.target, () =>
    readWatermark(context.target.sql, context.pipeline.name),
  );
  const raw = await extract({
    ...context,
    ...context.target.retry,
    prefix: prefixOf(run),
    ...(watermark === undefined ? {} : { watermark }),
    ...(run.range === undefined ? {} : { range: run.range }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(source === undefined ? {} : { fingerprint: source }),
    onProgress: ({ rows }) => context.onProgress?.({ stage: 'extract', rows }),
  });
  if (raw.complete) {
    await runStatement('Writing the execution log', context.target, () =>
      logFingerprint(context.target.sql, run.run_id, raw.source_fingerprint),
    );
  }
  return raw;
}
