import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeRemedies } from '../../lib/report/remedies/remedies.ts';

describe('the runbook', () => {
  it('names no code that the program cannot give', () => {
    const rows = readFileSync('docs/runbook.md', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([a-z0-9_]+)`/g)]);
    expect(named.length).toBeGreaterThan(10);
    const codes = Object.keys(codeRemedies.en);
    for (const [, name = ''] of named)
      expect(
        codes.some((code) => code.startsWith(name)),
        name,
      ).toBe(true);
  });
});
