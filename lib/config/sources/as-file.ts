import type { z } from 'zod';
import { type PipelineSettings, pipelineSchema } from '../pipeline.ts';
import type { csvSettingsSchema, FileFormat } from '../source-file.ts';
import { apiSourceShape } from './api.ts';
import { fileSourceShape } from './file.ts';

/** The same pipeline over a local file in UTF-8; what only said where its own source is, and how that is read, is left out. */
export function overFile(
  settings: PipelineSettings,
  file: {
    readonly path: string;
    readonly format: FileFormat;
    readonly csv?: z.input<typeof csvSettingsSchema> | undefined;
    readonly loadMode: PipelineSettings['load_mode'];
  },
): PipelineSettings {
  const others = Object.entries(settings).filter(
    ([key]) => !Object.hasOwn(apiSourceShape, key) && !Object.hasOwn(fileSourceShape, key),
  );
  return pipelineSchema.parse({
    ...Object.fromEntries(others),
    source_type: 'file',
    file_path: file.path,
    format: file.format,
    encoding: 'utf-8',
    ...(file.csv === undefined ? {} : { csv: file.csv }),
    load_mode: file.loadMode,
  });
}
