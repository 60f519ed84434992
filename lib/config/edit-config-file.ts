import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { addToPipeline, type ConfigAddition } from './edit-config.ts';
import { ConfigNotEditableError } from './errors.ts';
import { withPipeline } from './new-pipeline.ts';
import { parseConfig } from './read-config.ts';

/**
 * Adds types and settings to pipelines in a configuration file, and looks that nothing else has changed before it writes.
 *
 * @returns the settings that were not there before, by pipeline
 * @throws {ConfigNotEditableError} where an edit would change something else; nothing is written
 * Killed midway: the file is as it was, or has all of the edits.
 */
export async function editConfigFile(
  file: string,
  additions: readonly (ConfigAddition & { readonly pipeline: string })[],
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const before = await readFile(file, 'utf8');
  const written = new Map<string, Readonly<Record<string, string>>>();
  let text = before;
  for (const { pipeline, ...addition } of additions) {
    const had = pipelineIn(text, pipeline);
    const edited = addToPipeline(text, pipeline, addition);
    requireOnlyAdded(text, edited, pipeline);
    const settings = Object.entries(addition.settings).filter(([name]) => had[name] === undefined);
    written.set(pipeline, Object.fromEntries(settings));
    text = edited;
  }
  parseConfig(text, file);
  if (text === before) return written;
  await replaceFile(file, text);
  return written;
}

/**
 * Adds a pipeline behind the others in a configuration file, and looks that nothing else has changed before it writes.
 *
 * @throws {ConfigNotEditableError} where an edit would change something else; nothing is written
 * @throws {InvalidConfigError} where the pipeline cannot be one; nothing is written
 * Killed midway: the file is as it was, or has the pipeline.
 */
export async function addPipelineToFile(file: string, pipeline: Parameters<typeof withPipeline>[1]): Promise<void> {
  const before = await readFile(file, 'utf8');
  const text = withPipeline(before, pipeline);
  const { pipelines, ...rest } = parse(text) as Content & { readonly pipelines: Content };
  const others = Object.fromEntries(Object.entries(pipelines).filter(([name]) => name !== pipeline.name));
  if (!isDeepStrictEqual({ ...rest, pipelines: others }, parse(before)))
    throw new ConfigNotEditableError(pipeline.name);
  parseConfig(text, file);
  await replaceFile(file, text);
}

/** Killed midway: the file is as it was, or has all of the text. */
async function replaceFile(file: string, text: string): Promise<void> {
  const beside = `${file}.${randomUUID()}`;
  try {
    await writeFile(beside, text, { mode: (await stat(file)).mode });
    await rename(beside, file);
  } finally {
    await rm(beside, { force: true });
  }
}

type Content = Record<string, unknown>;

function pipelineIn(text: string, pipeline: string): Content {
  const { pipelines } = parse(text) as { readonly pipelines: Readonly<Record<string, Content>> };
  return pipelines[pipeline] ?? {};
}

/** Whether the texts differ in nothing but what the pipeline has besides. */
function requireOnlyAdded(before: string, after: string, pipeline: string): void {
  const kept = (value: unknown, earlier: unknown): unknown => {
    if (!isObject(value) || !isObject(earlier)) return value;
    return Object.fromEntries(
      Object.keys(value).flatMap((key) => (key in earlier ? [[key, kept(value[key], earlier[key])]] : [])),
    );
  };
  const old = parse(before) as { readonly pipelines: Content };
  const edited = parse(after) as { readonly pipelines: Content };
  const own = kept(edited.pipelines[pipeline], old.pipelines[pipeline]);
  const same = isDeepStrictEqual({ ...edited, pipelines: { ...edited.pipelines, [pipeline]: own } }, old);
  // A column that is declared by its options alone, as an object, may get a type; else the objects are the same.
  if (!same) throw new ConfigNotEditableError(pipeline);
}

function isObject(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
