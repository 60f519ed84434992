import { Document, isAlias, isMap, isNode, isScalar, type Pair, parseDocument, visit, type YAMLMap } from 'yaml';
import { ownValue } from '../own-value.ts';
import { ConfigNotEditableError } from './errors.ts';

/** What is put into a pipeline's settings. */
export interface ConfigAddition {
  /** Declared types by column; a column that has a type already keeps it. */
  readonly columns: Readonly<Record<string, string>>;
  /** Settings by name; one that is there already stays as it is. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Adds declared types and settings to a pipeline in the text of a configuration, YAML or JSON. Every other line stays as
 * it is: comments, order, quotes and blanks.
 *
 * @throws {ConfigNotEditableError} where the pipeline or its columns are an alias, or one is where types have to go
 */
export function addToPipeline(given: string, pipeline: string, addition: ConfigAddition): string {
  if (isJson(given)) return addToJson(given, pipeline, addition);
  const text = given.endsWith('\n') ? given : `${given}\n`;
  const node = parseDocument(text).getIn(['pipelines', pipeline], true);
  if (isAlias(node) || !isMap(node)) throw new ConfigNotEditableError(pipeline);
  if (node.flow === true) requireNoAlias(node, pipeline);
  const columns = node.get('columns', true);
  if (isAlias(columns)) throw new ConfigNotEditableError(pipeline);
  if (isMap(columns)) requireNoAlias(columns, pipeline);
  const settings = Object.fromEntries(Object.entries(addition.settings).filter(([name]) => !node.has(name)));
  const isNew = !isMap(columns) && Object.keys(addition.columns).length > 0;
  const inserts = [
    ...(isMap(columns) ? typesInto(text, columns, addition.columns) : []),
    ...into(text, node, { ...(isNew ? { columns: addition.columns } : {}), ...settings }),
  ];
  // What stands last in the file goes in first, so that no other place moves; at one place, what is listed first comes first.
  if (inserts.length === 0) return given;
  return inserts
    .map((insert, order) => ({ ...insert, order }))
    .sort((one, other) => other.at - one.at || other.order - one.order)
    .reduce((edited, { added, at }) => `${edited.slice(0, at)}${added}${edited.slice(at)}`, text);
}

/** Whether the text of a configuration is JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return true;
  } catch {
    return false;
  }
}

function addToJson(text: string, pipeline: string, { columns, settings }: ConfigAddition): string {
  const indent = /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
  const config = JSON.parse(text.replace(/^\uFEFF/, '')) as {
    readonly pipelines: Record<string, Record<string, unknown>>;
  };
  const own = config.pipelines[pipeline];
  if (own === undefined) throw new ConfigNotEditableError(pipeline);
  const had = (own.columns ?? {}) as Readonly<Record<string, unknown>>;
  const types = Object.entries(columns).map(([name, type]) => [name, typed(ownValue(had, name), type)] as const);
  const declared = Object.fromEntries([...Object.entries(had), ...types]);
  const added = Object.entries(settings).filter(([name]) => !Object.hasOwn(own, name));
  const contract = Object.keys(declared).length === 0 ? {} : { columns: declared };
  config.pipelines[pipeline] = { ...own, ...contract, ...Object.fromEntries(added) };
  return `${JSON.stringify(config, null, indent)}\n`;
}

/** A declaration with a type; one that has a type keeps it. */
function typed(declared: unknown, type: string): unknown {
  if (declared === undefined) return type;
  if (typeof declared !== 'object' || declared === null || 'type' in declared) return declared;
  return { ...declared, type };
}

/** Text that is put in at a place of a file. */
interface Insert {
  readonly at: number;
  readonly added: string;
}

/** Types for columns: those that stand there without one get it, and the others come behind the last. */
function typesInto(text: string, columns: YAMLMap, types: Readonly<Record<string, string>>): readonly Insert[] {
  const given = Object.entries(types).flatMap(([name, type]) => {
    const present: unknown = columns.get(name, true);
    return isMap(present) && !present.has('type') ? into(text, present, { type }) : [];
  });
  return [
    ...given,
    ...into(text, columns, Object.fromEntries(Object.entries(types).filter(([name]) => !columns.has(name)))),
  ];
}

/** Puts entries behind the last one of a map, in the style of the map. */
function into(text: string, map: YAMLMap, entries: Readonly<Record<string, unknown>>): readonly Insert[] {
  if (Object.keys(entries).length === 0) return [];
  const last = map.items.at(-1);
  if (map.flow === true) {
    const written = Object.entries(entries).map(([name, value]) =>
      new Document(Object.fromEntries([[name, value]]))
        .toString({ lineWidth: 0, collectionStyle: 'flow' })
        .trim()
        .replace(/^\{\s*|\s*\}$/g, ''),
    );
    const at = last === undefined ? (map.range?.[0] ?? 0) + 1 : endOfValue(text, last);
    return [{ at, added: last === undefined ? ` ${written.join(', ')} ` : `, ${written.join(', ')}` }];
  }
  const indent = indentOf(text, map);
  const lines = new Document(entries)
    .toString({ lineWidth: 0 })
    .trimEnd()
    .split('\n')
    .map((line) => `${indent}${line}\n`)
    .join('');
  const at = behindComments(text, endOfLast(text, last), indent);
  return [{ at, added: lines }];
}

/** An alias means something only in its own document. */
function requireNoAlias(node: YAMLMap, pipeline: string): void {
  visit(node, {
    Alias: () => {
      throw new ConfigNotEditableError(pipeline);
    },
  });
}

/** The blanks before the first key of a node. */
export function indentOf(text: string, node: YAMLMap): string {
  const start = node.range?.[0] ?? 0;
  const line = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  return /^\s*/.exec(line)?.[0] ?? '';
}

/** Where the line of a pair's value ends, its comment included. */
export function endOfLast(text: string, pair: Pair | undefined): number {
  const at = endOfValue(text, pair);
  if (text[at - 1] === '\n') return at;
  const stop = text.indexOf('\n', at);
  return stop === -1 ? text.length : stop + 1;
}

/** Where a pair's value ends, or its key where it has none. */
function endOfValue(text: string, pair: Pair | undefined): number {
  const node =
    isNode(pair?.value) && !(isScalar(pair.value) && pair.value.range?.[0] === pair.value.range?.[1])
      ? pair.value
      : pair?.key;
  return isNode(node) ? (node.range?.[1] ?? text.length) : text.length;
}

/** The place behind comments that stand deeper than the names of a map, and so are about the last one. */
export function behindComments(text: string, from: number, indent: string): number {
  const comment = new RegExp(`${indent}[ \\t]+#[^\\n]*(\\n|$)`, 'y');
  let end = from;
  for (;;) {
    comment.lastIndex = end;
    if (!comment.test(text)) return end;
    end = comment.lastIndex;
  }
}
