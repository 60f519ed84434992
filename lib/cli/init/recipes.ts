import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { addPipelineToFile } from '../../config/edit-config-file.ts';
import { type LoadedConfig, parseConfig } from '../../config/read-config.ts';
import { recipePipeline } from '../../config/recipe.ts';
import { packageFolder } from '../../package-folder.ts';
import { InvalidOptionError } from '../exit-status.ts';
import { headLines } from './settings-text.ts';

/** Tested configurations for well-known APIs come with the package, each in a file of its name. */
function recipesFolder(): string {
  return path.join(packageFolder(), 'examples', 'apis');
}

/** The names of the recipes, e.g. `stripe`. */
export function recipeNames(): readonly string[] {
  if (!existsSync(recipesFolder())) return [];
  return readdirSync(recipesFolder())
    .flatMap((file) => (file.endsWith('.yaml') ? [file.slice(0, -5)] : []))
    .sort();
}

/** Whether a source is named by a recipe; a file or folder of that name is meant first. */
export function isRecipe(from: string): boolean {
  return recipeNames().includes(from) && !existsSync(from);
}

/** What has been written. */
export interface WrittenRecipe {
  readonly pipeline: string;
  /** What a person has to do before a run; one sentence each. */
  readonly steps: readonly string[];
}

/**
 * Writes a recipe as the configuration, or its pipeline into the one that is there.
 *
 * @throws {InvalidOptionError} when the configuration has a pipeline of that name
 * Killed midway: the configuration is as it was, or has all of the recipe.
 */
export async function writeRecipe(
  recipe: string,
  place: { readonly file: string; readonly folder: string; readonly present: LoadedConfig | undefined },
): Promise<WrittenRecipe> {
  const text = await readFile(path.join(recipesFolder(), `${recipe}.yaml`), 'utf8');
  const pipeline = recipePipeline(text);
  if (place.present === undefined) {
    parseConfig(text, recipe);
    // Never over a file that has come meanwhile.
    await writeFile(place.file, `${headLines(place.folder).join('\n')}\n${text}`, { flag: 'wx' });
  } else {
    if (Object.hasOwn(place.present.config.pipelines, pipeline.name)) {
      throw new InvalidOptionError('--from', recipe, `a recipe whose pipeline ${pipeline.name} is not there yet`);
    }
    await addPipelineToFile(place.file, pipeline);
  }
  const variables = [...new Set([...text.matchAll(/\{ env: (\w+) \}/g)].map(([, name = '']) => name))];
  return {
    pipeline: pipeline.name,
    steps: [
      'Read the comments: what to put in place of names such as your-…, and where keys come from.',
      `Set ${variables.join(', ')} in the environment, or in AWS name secrets: {secret: …}.`,
    ],
  };
}
