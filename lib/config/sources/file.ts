import { z } from 'zod';
import { fileSettingsShape } from '../source-file.ts';

/** Files of a disk or of Amazon S3. Their fields stand flat in the pipeline, as in the article's configuration. */
export const fileSourceShape = {
  source_type: z.literal('file'),
  file_path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe('Path, glob, s3://bucket/key or s3://bucket/prefix/; or a list. Relative to the configuration file.'),
  ...fileSettingsShape,
};
