import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';

/** What a page shows in YAML, from its data_source on; a pipeline is added where it shows none. */
function examplesOf(page: string): readonly string[] {
  return [...readFileSync(`docs/${page}`, 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = '']) =>
    /^pipelines:/m.test(text)
      ? text
      : `${text}pipelines: { p: { source_type: api, endpoint: rows, target_table: rows } }\n`,
  );
}

describe.each(['credentials.md', 'answers.md'])('docs/%s', (page) => {
  it.each(examplesOf(page))('has an example that etl check takes: %s', (text) => {
    expect(Object.keys(parseConfig(text, page).pipelines).length).toBeGreaterThan(0);
  });
});
