import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../errors.ts';
import { refusedValues } from './check-names.ts';
import { type Config, configSchema } from './config.ts';
import { ConfigNotFoundError, InvalidConfigError, type Problem } from './errors.ts';
import { describeIssue, pathText } from './issue.ts';
import { contentOfStage, stageNames, stageProblem } from './stages.ts';

// What a command reads, it reads once: compiling a schema takes longer than reading without. For schemas made from here on.
z.config({ jitless: true });

/** The names looked for in the current folder, in this order. */
export const configFileNames = ['etl.yaml', 'etl.yml', 'etl.json', 'config.json'] as const;

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute path of the file. */
  readonly file: string;
  /** Its folder; relative paths in the configuration are relative to it. */
  readonly folder: string;
  /** The stages it has values of; `config` is of one of them, or of none. */
  readonly stages?: readonly string[] | undefined;
}

/** @throws {ConfigNotFoundError} when neither the named file nor one of `configFileNames` exists */
export function findConfig(named: string | undefined, currentFolder: string): string {
  const names = named === undefined ? configFileNames : [named];
  const found = names.map((name) => path.resolve(currentFolder, name)).find((file) => existsSync(file));
  if (found === undefined) throw new ConfigNotFoundError(names, currentFolder, named !== undefined);
  return found;
}

/**
 * Reads and validates a configuration, YAML or JSON (which is YAML).
 *
 * @param stage  whose values are merged over the rest; without one the rest alone
 * @throws {InvalidConfigError} with every problem, its path and its line
 */
export function loadConfig(file: string, stage?: string): LoadedConfig {
  const shown = path.relative(process.cwd(), file) || file;
  const read = parseStages(readFileSync(file, 'utf8'), shown.startsWith('..') ? file : shown, stage);
  return { ...read, file, folder: path.dirname(file) };
}

/** Validates the text of a configuration; `name` is the file's name in messages. */
export function parseConfig(text: string, name: string, stage?: string): Config {
  return parseStages(text, name, stage).config;
}

function parseStages(text: string, name: string, stage: string | undefined): Pick<LoadedConfig, 'config' | 'stages'> {
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ''), { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new InvalidConfigError(
      name,
      document.errors.map((error) => {
        const at = lines.linePos(error.pos[0]);
        return { path: '', line: at.line, column: at.col, message: `cannot be read: ${readingProblem(error)}` };
      }),
    );
  }
  const content = contentOf(document, name);
  const unknown = stageProblem(content, stage);
  const { value, written } = contentOfStage(content, stage);
  const parsed = configSchema.safeParse(value, { reportInput: true, jitless: true });
  const refused = [
    ...refusedValues(content),
    ...(unknown === undefined ? [] : [{ path: ['stages'], message: unknown }]),
  ];
  if (parsed.success && refused.length === 0) {
    const { stages: _, ...config } = parsed.data;
    return { config, stages: stageNames(content) };
  }

  const place = (issuePath: readonly PropertyKey[], key?: string): Pick<Problem, 'line' | 'column'> => {
    for (let length = issuePath.length; length >= 0; length -= 1) {
      const node: unknown = length === 0 ? document.contents : document.getIn(issuePath.slice(0, length), true);
      const range = keyRange(document.contents, issuePath.slice(0, length), key) ?? rangeOf(node);
      if (range !== undefined) {
        const at = lines.linePos(range);
        return { line: at.line, column: at.col };
      }
    }
    return { line: undefined, column: undefined };
  };
  const issues = (parsed.error?.issues ?? []).flatMap((issue: z.core.$ZodIssue) =>
    describeIssue(issue, value, { place, written }),
  );
  throw new InvalidConfigError(name, [
    ...refused.map((problem) => ({ ...problem, path: pathText(problem.path), ...place(problem.path) })),
    ...issues,
  ]);
}

/** What the text says; aliases are followed, up to a number that no configuration needs. */
function contentOf(document: ReturnType<typeof parseDocument>, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount }) ?? {};
  } catch (error) {
    const problem =
      error instanceof ReferenceError && error.message.startsWith('Excessive alias count')
        ? `has aliases (*name) of aliases that make more than ${maxAliasCount} copies of a value; write the values out`
        : `cannot be read: ${readingProblem(error)}`;
    throw new InvalidConfigError(name, [{ path: '', line: undefined, column: undefined, message: problem }], {
      cause: error,
    });
  }
}

/** The YAML library reads nested values by recursion. */
function readingProblem(error: unknown): string {
  const message = messageOf(error);
  return message.includes('call stack') ? 'it is nested too deeply' : message;
}

/** The default of the YAML library; what one alias of another multiplies to. */
const maxAliasCount = 100;

function rangeOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  return node.range[0] as number;
}

/** The offset of a key: of `key` in the map at `parent`, or of the path's own last key. */
function keyRange(root: unknown, parent: readonly PropertyKey[], key: string | undefined): number | undefined {
  const names = key === undefined ? parent : [...parent, key];
  const last = names.at(-1);
  let node: unknown = root;
  for (const name of names.slice(0, -1)) {
    if (typeof node !== 'object' || node === null || !('get' in node) || typeof node.get !== 'function')
      return undefined;
    node = node.get(name, true);
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isScalar(item.key) && item.key.value === last);
  return pair === undefined ? undefined : rangeOf(pair.key);
}
