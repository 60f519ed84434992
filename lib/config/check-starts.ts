import type { z } from 'zod';
import { isS3Path, s3Place } from '../s3-path.ts';
import { loadModeTraits } from './load-mode.ts';
import type { PipelineSettings } from './pipeline.ts';
import { traitsOf } from './sources.ts';

/**
 * Refuses a schedule beside a trigger over the same place where rows are only added and nothing tells them apart: the
 * schedule loads all that lies there, and each object that lands is loaded by its event too, so rows would come twice.
 */
export function checkStarts(name: string, settings: PipelineSettings, context: z.RefinementCtx): void {
  const { key_columns: keys, load_mode: mode, schedule, trigger } = settings;
  if (schedule === undefined || !schedule.enabled || trigger === undefined) return;
  if (keys.length > 0 || loadModeTraits[mode].repeatsAreHarmless) return;
  const shared = traitsOf(settings)
    .filePaths(settings)
    .find((path) => isS3Path(path) && overlaps(path, trigger));
  if (shared === undefined) return;
  context.addIssue({
    code: 'custom',
    path: ['pipelines', name, 'schedule'],
    message: `would load objects of ${shared} again that the trigger has loaded, and ${mode} without key_columns adds their rows twice; set key_columns, or leave out schedule or trigger`,
  });
}

/** Whether some key may be of the path and of the trigger: one's beginning is the other's, up to where a glob begins. */
function overlaps(path: string, trigger: { readonly bucket: string; readonly prefix: string }): boolean {
  const { bucket, key } = s3Place(path);
  const fixed = key.replace(/[*?[\]{}!(].*$/s, '');
  return bucket === trigger.bucket && (fixed.startsWith(trigger.prefix) || trigger.prefix.startsWith(fixed));
}
