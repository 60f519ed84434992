import { parse } from 'yaml';
import type { NewSetting } from './new-pipeline.ts';

/** The pipeline of a recipe as it stands in a configuration that has pipelines of other APIs. */
export interface RecipePipeline {
  readonly name: string;
  readonly settings: readonly NewSetting[];
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Takes a recipe's pipeline out of its text: what the recipe says of its API in data_source stands in the pipeline, and
 * the endpoint is a whole URL.
 */
export function recipePipeline(text: string): RecipePipeline {
  const { data_source, pipelines } = parse(text) as {
    readonly data_source: Members & { readonly base_url: string };
    readonly pipelines: Readonly<Record<string, Members & { readonly endpoint: string }>>;
  };
  const [entry] = Object.entries(pipelines);
  if (entry === undefined) throw new TypeError('A recipe has a pipeline.');
  const [name, { endpoint, source_type, ...rest }] = entry;
  const { base_url, ...connection } = data_source;
  const whole = { source_type, endpoint: `${base_url}/${endpoint}`, ...connection, ...rest };
  const comment = text
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .map((line) => line.replace(/^# ?/, ''));
  return {
    name,
    settings: [{ comment }, ...Object.entries(whole).map(([key, value]) => ({ key, value }))],
  };
}
