import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { expect, it } from 'vitest';

it('docs/errors.md has every code of an error class, as the classes say', () => {
  execFileSync(process.execPath, ['tooling/error-codes.mjs', '--check'], { stdio: 'pipe' });
  const listed = readFileSync('docs/errors.md', 'utf8');
  const sources = globSync(['lib/**/*.ts', 'functions/**/*.ts']).map((file) => readFileSync(file, 'utf8'));
  const codes = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/readonly code(?:: string)? = '([a-z0-9_]+)'/g)].map(([, code]) => code ?? ''),
    ),
  );
  expect(codes.size).toBeGreaterThan(80);
  expect([...codes].filter((code) => !listed.includes(`| \`${code}\` |`))).toEqual([]);
});
