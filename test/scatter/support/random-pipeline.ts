import { randomOf } from '../../truth/random.ts';
import type { FilePipeline } from './pipeline.ts';
import { randomFiles } from './random-files.ts';
import { withNested } from './random-nested.ts';
import { randomSettings } from './random-settings.ts';

/** The pipeline of a seed, cut into a few pieces and buckets. */
export function randomPipeline(seed: number): FilePipeline {
  const random = randomOf(seed);
  const rows = random.pick([3, 20, 60, 60, 120, 120, 300, 1_200]);
  const source = randomFiles(random, rows);
  const { files, ...nested } = withNested({ files: source.files, ...randomSettings(random, source) }, seed);
  const bytes = Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content), 0);
  const partBytes = Math.max(20, Math.ceil(bytes / random.pick([1, 2, 3, 5, 8])) + random.below(20));
  return {
    files,
    ...nested,
    partBytes,
    bucketBytes: Math.max(1, Math.ceil(bytes / random.pick([1, 2, 4, 7]))),
  };
}
