import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { dataSourceSchema } from '../../lib/config/data-source.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { apiSourceShape } from '../../lib/config/sources/api.ts';
import { fileSourceShape } from '../../lib/config/sources/file.ts';

const pages = ['docs/sources.md', ...globSync('docs/sources/*.md'), 'docs/credentials.md', 'docs/answers.md'];

/** What a page shows in YAML, each as a whole configuration. */
function examplesOf(page: string): readonly string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = '']) => {
    if (/^pipelines:/m.test(text)) return text;
    if (!text.startsWith(' ')) {
      return `${text}pipelines: { p: { source_type: api, endpoint: rows, target_table: rows } }\n`;
    }
    // Settings of a pipeline, below what the page says of it elsewhere.
    const own = parse(text) as Readonly<Record<string, unknown>>;
    const isFile = Object.hasOwn(own, 'file_path');
    const rest = {
      source_type: isFile ? 'file' : 'api',
      ...(isFile ? {} : { endpoint: 'rows' }),
      target_table: 'rows',
    };
    const missing = Object.entries(rest).filter(([key]) => !Object.hasOwn(own, key));
    const lines = missing.map(([key, value]) => `    ${key}: ${value}\n`).join('');
    return `data_source: { base_url: "https://api.example.com" }\npipelines:\n  p:\n${lines}${text}`;
  });
}

const examples = pages.flatMap((page) => examplesOf(page).map((text, index) => ({ page, index, text })));

describe('the pages about sources', () => {
  it.each(examples)('have examples that etl check takes: $page, number $index', ({ page, text }) => {
    expect(Object.keys(parseConfig(text, page).pipelines).length).toBeGreaterThan(0);
  });

  it('are all named by the first of them', () => {
    const index = readFileSync('docs/sources.md', 'utf8');
    for (const page of pages.slice(1)) expect(index).toContain(`(${page.replace('docs/', '')})`);
  });
});

/** Every key of a schema and of what lies in it, but for those that a person chooses. */
function keysOf(schema: z.ZodType): ReadonlySet<string> {
  const keys = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, value] of Object.entries(node)) {
      if (name === 'properties' && !Array.isArray(node)) for (const key of Object.keys(value as object)) keys.add(key);
      walk(value);
    }
  };
  walk(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return keys;
}

function keysIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(keysIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysIn(inner)]);
}

describe.each([
  ['an API', z.object(apiSourceShape)],
  ['all APIs of a configuration', dataSourceSchema],
  ['files', z.object(fileSourceShape)],
])('the settings of %s', (_name, schema) => {
  it('stand each in an example', () => {
    const shown = new Set(examples.flatMap(({ text }) => keysIn(parse(text))));
    const keys = keysOf(schema);
    expect(keys.size).toBeGreaterThan(10);
    expect([...keys].filter((key) => !shown.has(key))).toEqual([]);
  });
});
