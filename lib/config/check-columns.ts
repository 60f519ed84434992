import type { z } from 'zod';
import { cleanName } from '../cleaned-name.ts';
import { idColumn, isServiceName } from '../service-columns.ts';
import type { LoadSettings } from './load-settings.ts';
import type { PipelineSettings } from './pipeline.ts';
import type { AnswerFormat } from './source-answers.ts';
import { type FileFormat, type FileFormatSettings, fileFormats, formatSettings } from './source-file.ts';

/** The settings that say which columns a table gets. */
type ColumnSettings = LoadSettings &
  Pick<
    PipelineSettings,
    'business_rules' | 'columns' | 'exclude' | 'explode' | 'flatten' | 'rename' | 'required_columns' | 'select'
  > & {
    readonly incremental?: { readonly cursor_column: string } | undefined;
    readonly format?: FileFormat | AnswerFormat | undefined;
    readonly file_path?: string | readonly string[] | undefined;
  };

type Path = readonly PropertyKey[];

/** A column that a setting needs. */
interface Need {
  readonly path: Path;
  readonly name: string;
  /** The table has to have it; else it is enough that it is read. */
  readonly inTable: boolean;
}

/**
 * Looks for settings of columns that contradict each other: a column that is left out and needed, two columns of one
 * name, one column that is named twice. What the source has is not known here; `sourceColumns` looks for that.
 */
export function checkPipelineColumns(name: string, settings: ColumnSettings, context: z.core.$RefinementCtx): void {
  const add = (path: Path, message: string): void =>
    context.addIssue({ code: 'custom', path: ['pipelines', name, ...path], message });
  if (settings.select !== undefined && settings.exclude !== undefined) {
    add(['exclude'], 'says the opposite of select: what select does not name is left out already; remove one of them');
  }
  for (const setting of ['select', 'exclude'] as const) {
    const folded = (settings[setting] ?? []).map(fold);
    const twice = folded.findIndex((one, at) => folded.indexOf(one) !== at);
    if (twice !== -1) add([setting, twice], `names the column ${settings[setting]?.[twice]} twice; name it once`);
  }
  for (const setting of ['flatten', 'explode'] as const) {
    if (settings[setting] !== undefined && isDelimited(settings)) {
      add(
        [setting],
        'is for objects and lists of JSON, Parquet and APIs, which delimited text does not have; remove it',
      );
    }
  }
  const names = newNames(settings);
  checkNewNames(names, add);
  const leftOut = leftOutBy(settings, names);
  for (const need of neededColumns(settings)) {
    const by = leftOut(need);
    if (by !== undefined) add(need.path, `needs the column ${need.name}, which ${by}; change one of the two`);
  }
  for (const [column, declared] of Object.entries(settings.columns)) {
    if (typeof declared === 'string') continue;
    if (declared.default !== undefined && settings.key_columns.some((key) => isSame(key, column, names))) {
      add(['columns', column, 'default'], 'would give all rows without a key the same one; let them be rejected');
    }
    const made = settings.business_rules.find(
      (rule) => rule.type === 'enrich' && fold(rule.new_column) === fold(column),
    );
    if (declared.default !== undefined && made !== undefined) {
      add(['columns', column, 'default'], 'is of a column that an enrich rule makes; use coalesce in its logic');
    }
  }
}

/** Whether the files are text with a delimiter, as far as their settings and names tell. */
function isDelimited({ file_path: files, format }: ColumnSettings): boolean {
  if (files === undefined) return false;
  if (format === 'xml') return false;
  if (format !== undefined) return formatSettings(format).delimiter !== undefined;
  const extensions = Object.values<FileFormatSettings>(fileFormats).flatMap((one) =>
    one.delimiter === undefined ? [] : one.extensions,
  );
  const paths = [files].flat().map((file) => file.toLowerCase().replace(/\.(gz|zst)$/, ''));
  return paths.every((file) => extensions.some((extension) => file.endsWith(extension)));
}

/** The name as the table would have it. */
function fold(name: string): string {
  return cleanName(name, 1);
}

interface NewName {
  readonly path: Path;
  readonly from: string;
  readonly to: string;
}

function newNames({ columns, rename }: ColumnSettings): readonly NewName[] {
  return [
    ...Object.entries(rename).map(([from, to]) => ({ path: ['rename', from], from, to })),
    ...Object.entries(columns).flatMap(([from, column]) =>
      typeof column === 'string' || column.rename === undefined
        ? []
        : [{ path: ['columns', from, 'rename'], from, to: column.rename }],
    ),
  ];
}

function checkNewNames(names: readonly NewName[], add: (path: Path, message: string) => void): void {
  for (const [at, { from, path, to }] of names.entries()) {
    const earlier = names.slice(0, at);
    if (path[0] === 'columns' && earlier.some((one) => one.from === from)) {
      add(path, `gives ${from} a name, as rename does; remove one of them`);
    }
    const same = earlier.find((one) => one.from !== from && fold(one.to) === fold(to));
    if (same !== undefined) add(path, `gives ${from} the name ${to}, which ${same.from} gets; choose another name`);
    if (fold(to) === idColumn)
      add(path, 'is the name of the column that the service keeps its ids in; choose another name');
  }
}

/** Why the column that is needed is not there; undefined where it may be. */
function leftOutBy(settings: ColumnSettings, names: readonly NewName[]): (need: Need) => string | undefined {
  const { columns, exclude, explode, flatten, select } = settings;
  const below = (name: string, outer: string): boolean =>
    (explode !== undefined || flatten !== undefined) && fold(name).startsWith(`${fold(outer)}_`);
  const made = settings.business_rules.flatMap((rule) => (rule.type === 'enrich' ? [fold(rule.new_column)] : []));
  const dropped = Object.keys(columns).filter((column) => isDropped(columns[column]));
  return ({ inTable, name }) => {
    const drops = inTable ? dropped.find((column) => isSame(name, column, names)) : undefined;
    if (drops !== undefined) return `columns.${drops}.drop leaves out of the table`;
    if (made.includes(fold(name))) return undefined;
    const means = (one: string): boolean => isSame(name, one, names) || below(name, one);
    if (exclude?.some(means) === true) return 'exclude leaves out';
    // Columns that every table of the service has, no source need have.
    if (select === undefined || select.some(means) || isServiceName(name)) return undefined;
    return 'select does not name';
  };
}

function isDropped(declared: ColumnSettings['columns'][string] | undefined): boolean {
  return typeof declared === 'object' && declared.drop === true;
}

/** Whether two names mean one column, by its name in the source or the new one. */
function isSame(one: string, other: string, names: readonly NewName[]): boolean {
  const all = (name: string): readonly string[] =>
    [name, ...names.flatMap(({ from, to }) => (from === name || fold(to) === fold(name) ? [from, to] : []))].map(fold);
  const others = new Set(all(other));
  return all(one).some((name) => others.has(name));
}

function neededColumns(settings: ColumnSettings): readonly Need[] {
  const { columns, incremental, indexes, key_columns, latest_by, rename, required_columns } = settings;
  const inTable = (path: Path, names: readonly string[]): readonly Need[] =>
    names.map((name) => ({ name, path, inTable: true }));
  const read = (path: Path, name: string): Need => ({ name, path, inTable: false });
  return [
    ...inTable(['key_columns'], key_columns),
    ...inTable(['latest_by'], latest_by === undefined ? [] : [latest_by]),
    ...indexes.flatMap((index, at) => inTable(['indexes', at], 'columns' in index ? index.columns : index)),
    ...inTable(['incremental', 'cursor_column'], incremental === undefined ? [] : [incremental.cursor_column]),
    ...(required_columns ?? []).map((name) => read(['required_columns'], name)),
    ...Object.keys(columns).map((name) => read(['columns', name], name)),
    ...Object.keys(rename).map((name) => read(['rename', name], name)),
  ];
}
