import { UnknownPipelineError } from '../config/errors.ts';
import type { LoadedConfig } from '../config/read-config.ts';
import { nearest } from '../nearest.ts';

/** The names as asked for, each once; all pipelines when none is named. @throws {UnknownPipelineError} */
export function choosePipelines(loaded: LoadedConfig, named: readonly string[]): readonly string[] {
  const known = Object.keys(loaded.config.pipelines);
  for (const name of named) {
    if (!known.includes(name)) throw new UnknownPipelineError(name, known, nearest(name, known));
  }
  return named.length === 0 ? known : [...new Set(named)];
}
