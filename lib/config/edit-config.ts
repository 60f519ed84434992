import { Document, isAlias, isMap, isNode, isScalar, type Pair, parseDocument, visit, type YAMLMap } from 'yaml';
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
 * @throws {ConfigNotEditableError} where what has to be written anew is, or has, an alias
 */
export function addToPipeline(text: string, pipeline: string, addition: ConfigAddition): string {
  if (isJson(text)) return addToJson(text, pipeline, addition);
  const document = parseDocument(text);
  const node = document.getIn(['pipelines', pipeline], true);
  if (isAlias(node) || !isMap(node)) throw new ConfigNotEditableError(pipeline);
  if (node.flow === true) {
    requireNoAlias(node, pipeline);
    const edits = [...missing(node, addition.settings)];
    setColumns(document, node, addition.columns);
    for (const [name, value] of edits) node.set(name, value);
    return spliced(text, node, printed(node, indentOf(text, node)));
  }
  const settings = missing(node, addition.settings);
  const columns = node.get('columns', true);
  if (isMap(columns)) {
    requireNoAlias(columns, pipeline);
    const before = JSON.stringify(columns.toJSON());
    setColumns(document, node, addition.columns);
    const kept = JSON.stringify(columns.toJSON()) === before;
    const edited = kept ? text : spliced(text, columns, printed(columns, indentOf(text, columns)));
    return appended(edited, pipeline, Object.fromEntries(settings));
  }
  const own = Object.keys(addition.columns).length === 0 ? {} : { columns: addition.columns };
  return appended(text, pipeline, { ...own, ...Object.fromEntries(settings) });
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
  const declared = { ...(own.columns as Record<string, unknown> | undefined) };
  for (const [name, type] of Object.entries(columns)) declared[name] = typed(declared[name], type);
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

function missing(node: YAMLMap, settings: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(settings).filter(([name]) => !node.has(name));
}

function setColumns(document: Document.Parsed, node: YAMLMap, columns: Readonly<Record<string, string>>): void {
  for (const [name, type] of Object.entries(columns)) {
    const present: unknown = node.getIn(['columns', name], true);
    if (present === undefined) node.setIn(['columns', name], document.createNode(type));
    else if (isMap(present) && !present.has('type')) present.set('type', type);
  }
}

/** An alias means something only in its own document. */
function requireNoAlias(node: YAMLMap, pipeline: string): void {
  visit(node, {
    Alias: () => {
      throw new ConfigNotEditableError(pipeline);
    },
  });
}

/** The text with a node replaced. */
function spliced(
  text: string,
  node: { readonly range?: readonly [number, number, number] | null },
  by: string,
): string {
  const [start, end] = node.range ?? [0, 0];
  const tail = text.slice(start, end).endsWith('\n') ? '\n' : '';
  return `${text.slice(0, start)}${by}${tail}${text.slice(end)}`;
}

/** A node as text, whose lines behind the first have this indent. */
function printed(node: YAMLMap, indent: string): string {
  const document = new Document();
  document.contents = node;
  return document.toString({ lineWidth: 0 }).trimEnd().replaceAll('\n', `\n${indent}`);
}

/** The blanks before the first key of a node. */
export function indentOf(text: string, node: YAMLMap): string {
  const start = node.range?.[0] ?? 0;
  const line = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  return /^\s*/.exec(line)?.[0] ?? '';
}

/** Adds settings behind the last one of a pipeline in block style. */
function appended(text: string, pipeline: string, settings: Readonly<Record<string, unknown>>): string {
  if (Object.keys(settings).length === 0) return text;
  const node = parseDocument(text).getIn(['pipelines', pipeline], true);
  if (!isMap(node)) throw new ConfigNotEditableError(pipeline);
  const indent = indentOf(text, node);
  const added = new Document(settings)
    .toString({ lineWidth: 0 })
    .trimEnd()
    .split('\n')
    .map((line) => `${indent}${line}\n`)
    .join('');
  const end = endOfLast(text, node.items.at(-1));
  const head = text.slice(0, end);
  return `${head}${head.endsWith('\n') ? '' : '\n'}${added}${text.slice(end)}`;
}

/** Where the line of a pair's value ends, its comment included. */
export function endOfLast(text: string, pair: Pair | undefined): number {
  const node =
    isNode(pair?.value) && !(isScalar(pair.value) && pair.value.range?.[0] === pair.value.range?.[1])
      ? pair.value
      : pair?.key;
  const at = isNode(node) ? (node.range?.[1] ?? text.length) : text.length;
  if (text[at - 1] === '\n') return at;
  const stop = text.indexOf('\n', at);
  return stop === -1 ? text.length : stop + 1;
}
