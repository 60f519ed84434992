import { createHash } from 'node:crypto';
import { deployedPipelineKeys } from '../config/deploy.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import type { ExtractRange } from '../extract/request.ts';
import { cutVersion } from '../manifest.ts';

/** Settings that decide whether or how a run loads, and nothing of what it loads. */
const apart: readonly string[] = [...deployedPipelineKeys, 'budget', 'memory_limit_mb'];

/**
 * Identifies what a run does with its source: the same plan over the same bytes makes the same batches. A run that was
 * interrupted is continued only under its own plan.
 */
export function planFingerprint(settings: PipelineSettings, range?: ExtractRange): string {
  const plan = Object.entries(settings).filter(([key]) => !apart.includes(key));
  return createHash('sha256')
    .update(JSON.stringify([cutVersion, Object.fromEntries(plan), range ?? null]))
    .digest('hex');
}
