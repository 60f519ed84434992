import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';

const runbook = readFileSync('docs/runbook.md', 'utf8');
const sources = globSync(['lib/**/*.ts', 'functions/**/*.ts']).map((file) => readFileSync(file, 'utf8'));

/** Codes of the error classes, and of what Step Functions itself reports. */
const codes = new Set(
  sources.flatMap((text) =>
    [...text.matchAll(/readonly code = '([a-z0-9_]+)'|\[\s*'([a-z0-9_]+)',\s*'[A-Z]/g)].map(
      ([, ofClass, ofStepFunctions]) => ofClass ?? ofStepFunctions ?? '',
    ),
  ),
);

describe('the runbook', () => {
  it('names no code that the program cannot give', () => {
    const rows = runbook.split('\n').filter((line) => line.startsWith('| `'));
    const named = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([a-z0-9_]+)`/g)].map(([, code]) => code),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((code) => !codes.has(code ?? ''))).toEqual([]);
  });
});
