import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { checkExpressions } from '../../lib/transform/rules/check-expressions.ts';
import { runTransform, withoutService } from '../transform/support/stage.ts';

const pages = ['columns', 'contracts', 'rules', 'nested', 'decisions/scatter'] as const;

/** The blocks of a language in a page. */
function blocks(page: string, language: string): readonly string[] {
  const text = readFileSync(`docs/${page}.md`, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);
}

/** An example as a whole configuration: rules alone are those of a pipeline. */
function configOf(example: string): string {
  if (example.startsWith('pipelines:')) return example;
  const settings = example.replaceAll(/^/gm, '    ');
  return `pipelines:\n  p:\n    source_type: file\n    file_path: a.csv\n    target_table: a\n${settings}`;
}

describe.each(pages)('the examples of docs/%s.md', (page) => {
  it('are configurations that etl check takes', async () => {
    const examples = blocks(page, 'yaml');
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const { pipelines } = parseConfig(configOf(example), `docs/${page}.md`);
      for (const [name, settings] of Object.entries(pipelines)) await checkExpressions({ ...settings, name });
    }
  });
});

describe('the example of docs/nested.md', () => {
  it('gives the rows that the page shows', async () => {
    const [example = ''] = blocks('nested', 'yaml');
    const settings = parseConfig(example, 'docs/nested.md').pipelines.order_lines;
    if (settings === undefined) throw new Error('The example has no pipeline.');
    const [content = ''] = blocks('nested', 'json');
    const { rows } = await runTransform({ format: 'ndjson', content }, { ...settings, name: 'order_lines' });
    const shown = /^\| id \|.*?\n\|-.*?\n(.*?)\n\n/ms.exec(
      readFileSync('docs/nested.md', 'utf8').replaceAll('|---', '|-'),
    );
    const cells = (shown?.[1] ?? '').split('\n').map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
    expect(withoutService(rows).map((row) => Object.values(row).map(String))).toEqual(cells);
  });
});
