import { Document, isMap, parseDocument } from 'yaml';
import { behindComments, endOfLast, indentOf, isJson } from './edit-config.ts';
import { ConfigNotEditableError } from './errors.ts';

/** A setting of a pipeline that is to be written, or a comment alone. */
export interface NewSetting {
  /** Lines above it, without `#`. */
  readonly comment?: readonly string[] | undefined;
  readonly key?: string | undefined;
  readonly value?: unknown;
}

/** A configuration of one pipeline, as text with comments. */
export function newConfigText(
  head: readonly string[],
  pipeline: { readonly name: string; readonly settings: readonly NewSetting[] },
): string {
  return `${[...head, 'pipelines:', ...pipelineLines(pipeline, '  ')].join('\n')}\n`;
}

/**
 * Adds a pipeline behind the others in the text of a configuration. Every other line stays as it is.
 *
 * @throws {ConfigNotEditableError} where the pipelines are not a map in YAML's block style
 */
export function withPipeline(
  text: string,
  pipeline: { readonly name: string; readonly settings: readonly NewSetting[] },
): string {
  if (isJson(text)) return withJsonPipeline(text, pipeline);
  const node = parseDocument(text).get('pipelines', true);
  if (!isMap(node) || node.flow === true) {
    throw new ConfigNotEditableError(pipeline.name, '`pipelines` is not written in lines, one a pipeline');
  }
  const indent = indentOf(text, node);
  const end = behindComments(text, endOfLast(text, node.items.at(-1)), indent);
  const head = text.slice(0, end);
  const lines = ['', ...pipelineLines(pipeline, indent)];
  return `${head}${head.endsWith('\n') ? '' : '\n'}${lines.map((line) => `${line}\n`).join('')}${text.slice(end)}`;
}

function withJsonPipeline(text: string, { name, settings }: Parameters<typeof withPipeline>[1]): string {
  const indent = /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
  const config = JSON.parse(text.replace(/^\uFEFF/, '')) as { readonly pipelines: Record<string, unknown> };
  const own = settings.flatMap(({ key, value }) => (key === undefined ? [] : [[key, value]]));
  const pipelines = { ...config.pipelines, [name]: Object.fromEntries(own) as unknown };
  return `${JSON.stringify({ ...config, pipelines }, null, indent)}\n`;
}

function pipelineLines(
  { name, settings }: { readonly name: string; readonly settings: readonly NewSetting[] },
  indent: string,
): readonly string[] {
  const inner = `${indent}  `;
  return [
    `${indent}${yamlText(name)}:`,
    ...settings.flatMap(({ comment, key, value }) => [
      ...(comment ?? []).map((line) => `${inner}# ${line}`.trimEnd()),
      ...(key === undefined ? [] : [`${inner}${key}: ${yamlText(value)}`]),
    ]),
  ];
}

/** A value as YAML in one line. */
function yamlText(value: unknown): string {
  return new Document(value)
    .toString({ lineWidth: 0, collectionStyle: 'flow', flowCollectionPadding: !Array.isArray(value) })
    .trim();
}
