import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { addPipelineToFile } from '../../config/edit-config-file.ts';
import { newConfigText } from '../../config/new-pipeline.ts';
import { configFileNames, type LoadedConfig, loadConfig, parseConfig } from '../../config/read-config.ts';
import { nearest } from '../../nearest.ts';
import { ownValue } from '../../own-value.ts';
import type { Preview } from '../../preview/preview.ts';
import { type PreviewDemand, previewPipeline } from '../../preview/preview-pipeline.ts';
import { folderStore } from '../../store/folder-store.ts';
import type { ExitStatus } from '../exit-status.ts';
import { describePreview } from '../preview/preview-text.ts';
import { sharing } from '../run/shared-context.ts';
import { type Asker, openAsker } from './ask.ts';
import { identifiesRows, keyCandidates } from './key-columns.ts';
import { type Draft, draftOf, nameOf, type OriginOptions } from './origins.ts';
import { isRecipe, writeRecipe } from './recipes.ts';
import { headLines, type NewPipeline, settingsOf, shapeOf } from './settings-text.ts';

/** The options of `etl init`. */
export interface InitOptions extends OriginOptions {
  readonly from?: string | undefined;
  readonly name?: string | undefined;
  readonly table?: string | undefined;
  readonly key?: readonly string[] | undefined;
  readonly config?: string | undefined;
  readonly target?: string | undefined;
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Rows of the source that are looked at, at most. */
const lookedRows = 10_000;

/**
 * Writes a pipeline into the configuration of the folder, or a new one, and shows what a run of it would do.
 *
 * @throws what reading the source throws; nothing is written
 */
export async function initPipeline(options: InitOptions): Promise<ExitStatus> {
  const asker = openAsker(options.yes === true);
  const say = (text: string): void => {
    (options.json === true ? process.stderr : process.stdout).write(`${text}\n`);
  };
  try {
    const place = configPlace(options.config);
    const what = { text: 'What is to be loaded? A file, a folder, a URL, or s3://bucket/prefix/', flag: '--from' };
    const from = await asker.ask({ ...what, problem: () => undefined }, options.from);
    if (isRecipe(from)) {
      const { pipeline, steps } = await writeRecipe(from, place);
      if (options.json === true)
        process.stdout.write(`${JSON.stringify({ file: place.file, pipeline, steps }, null, 2)}\n`);
      else
        say(
          [`Wrote the pipeline ${pipeline} into ${place.shown}.`, ...steps, `Next: etl preview ${pipeline}`].join('\n'),
        );
      return 0;
    }
    const draft = await draftOf(from, place.folder, options);
    const named = await askNames(asker, draft, place.present, options);
    const base = await looked(place, draft, { ...named, keys: [] }, options, async (preview) => {
      say(`Looking at ${from}.`);
      const look = await preview([], { rows: lookedRows });
      say(shapeOf(look).replace('when this was written', 'when it was looked at'));
      for (const note of draft.notes) say(note);
      const keys = await askKeys(asker, look, preview, options.key);
      const pipeline = { ...named, keys };
      await write(place, draft, pipeline, look);
      say(`Wrote the pipeline ${named.name} into ${place.shown}.\n`);
      return { keys, preview: await preview(keys, { rows: lookedRows }) };
    });
    if (options.json === true) {
      process.stdout.write(
        `${JSON.stringify({ file: place.file, pipeline: named.name, preview: base.preview }, null, 2)}\n`,
      );
    } else
      say(`${describePreview(base.preview, process.stdout.columns ?? 120)}\n\n${nextStep(named.name, base.preview)}`);
    return base.preview.outcome.status === 'fail' ? 1 : 0;
  } finally {
    asker.close();
  }
}

function nextStep(name: string, { outcome }: Preview): string {
  return outcome.status === 'fail'
    ? `Next: put right what the message says, and look again with: etl preview ${name}`
    : `Next: etl run ${name}`;
}

/** Where the pipeline is written. */
interface Place {
  readonly file: string;
  readonly folder: string;
  readonly shown: string;
  /** What is there already. */
  readonly present: LoadedConfig | undefined;
}

function configPlace(named: string | undefined): Place {
  const known = configFileNames.find((name) => existsSync(name));
  const file = path.resolve(named ?? known ?? configFileNames[0]);
  const shown = path.relative(process.cwd(), file);
  return { file, folder: path.dirname(file), shown, present: existsSync(file) ? loadConfig(file) : undefined };
}

async function askNames(
  asker: Asker,
  { title }: Draft,
  present: LoadedConfig | undefined,
  options: InitOptions,
): Promise<Pick<NewPipeline, 'name' | 'table'>> {
  const taken = Object.keys(present?.config.pipelines ?? {});
  const wanted = nameOf(title);
  const free = [wanted, ...taken.map((_, at) => `${wanted}_${at + 2}`)].find((name) => !taken.includes(name));
  const name = await asker.ask(
    {
      text: 'Name of the pipeline',
      flag: '--name',
      preset: free,
      problem: (answer) =>
        taken.includes(answer) ? `a name that no pipeline has yet; there is ${taken.join(', ')}` : undefined,
    },
    options.name,
  );
  const table = await asker.ask(
    { text: 'Table that is loaded', flag: '--table', preset: nameOf(name), problem: () => undefined },
    options.table,
  );
  return { name, table };
}

type PreviewWith = (keys: readonly string[], demand: PreviewDemand) => Promise<Preview>;

/** Opens what a look needs, once for all previews of the new pipeline. */
async function looked<T>(
  place: Place,
  draft: Draft,
  { name, table }: NewPipeline,
  options: InitOptions,
  work: (preview: PreviewWith) => Promise<T>,
): Promise<T> {
  const loadedWith = (keys: readonly string[]): LoadedConfig => {
    const mode = keys.length === 0 ? {} : { load_mode: 'upsert', key_columns: keys };
    const settings = { ...draft.source, target_table: table, ...mode };
    const config = parseConfig(JSON.stringify({ pipelines: { [name]: settings } }), place.shown);
    return { ...place, config: { ...config, aurora_dsql: place.present?.config.aurora_dsql ?? config.aurora_dsql } };
  };
  return await sharing(loadedWith([]), [name], { ...options, quiet: true }, async ({ shared }) =>
    work(async (keys, demand) => {
      const { config } = loadedWith(keys);
      const settings = ownValue(config.pipelines, name);
      if (settings === undefined) throw new RangeError('The pipeline is not in its own configuration.');
      const dataSource = place.present?.config.data_source ?? config.data_source;
      const store = folderStore(path.join(shared.scratchDir, 'look'));
      return await previewPipeline(
        { ...shared, pipeline: { name, settings, dataSource }, baseDir: place.folder, store },
        demand,
      );
    }),
  );
}

/** Asks which columns identify a row; proposes one that does so in the rows that were looked at. */
async function askKeys(
  asker: Asker,
  look: Preview,
  preview: PreviewWith,
  given: readonly string[] | undefined,
): Promise<readonly string[]> {
  const columns = look.columns.flatMap(({ name, state }) => (state === 'gone' ? [] : [name]));
  let preset = '';
  if (given === undefined) {
    for (const candidate of keyCandidates(look)) {
      if (!identifiesRows(look, await preview([candidate], { rows: lookedRows }))) continue;
      preset = candidate;
      break;
    }
  }
  const split = (text: string): readonly string[] =>
    text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  const answer = await asker.ask(
    {
      text: 'Columns that identify a row, with commas between them; "-" for none',
      flag: '--key',
      preset,
      problem: (text) => {
        if (text === '-') return undefined;
        const unknown = split(text).find((column) => !columns.includes(column));
        if (unknown === undefined) return undefined;
        const hint = nearest(unknown, columns);
        return `columns of the source (there is no ${unknown}${hint === undefined ? '' : `; did you mean ${hint}?`})`;
      },
    },
    given?.join(','),
  );
  return answer === '-' ? [] : split(answer);
}

async function write(place: Place, draft: Draft, pipeline: NewPipeline, look: Preview): Promise<void> {
  const settings = settingsOf(draft, pipeline, look);
  const added = { name: pipeline.name, settings };
  if (place.present !== undefined) return await addPipelineToFile(place.file, added);
  const text = newConfigText(headLines(place.folder), added);
  parseConfig(text, place.shown);
  // Never over a file that has come meanwhile.
  await writeFile(place.file, text, { flag: 'wx' });
}
