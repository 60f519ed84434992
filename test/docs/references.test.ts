import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const documents = globSync(['README.md', 'docs/**/*.md']);
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));

/** Everything that `pattern` captures in a document. */
function captured(file: string, pattern: RegExp): readonly string[] {
  return [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, one]) => one ?? '');
}

describe.each(documents)('%s', (file) => {
  it('links to files that exist', () => {
    const links = captured(file, /\]\(([^)#:]+)(?:#[^)]*)?\)/g);
    expect(links.filter((link) => !existsSync(path.resolve(path.dirname(file), link)))).toEqual([]);
  });

  it('names scripts and tests that exist', () => {
    const named = captured(file, /npm run ([a-z][a-z:-]*)/g);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
    const benchmarks = captured(file, /npm run bench -- ([a-z-]+)/g);
    expect(benchmarks.filter((name) => !existsSync(`bench/${name}.ts`))).toEqual([]);
    const tests = captured(file, /npx vitest run (?:--config \S+ )?([^`]+)`/g).flatMap((list) => list.split(' '));
    expect(tests.filter((test) => !existsSync(test))).toEqual([]);
  });
});

describe('the table of folders in docs/architecture.md', () => {
  const rows = captured('docs/architecture.md', /^(\| `.+\|)$/gm).map((row) => row.split('|'));

  it('names files that exist, to start reading at', () => {
    const missing = rows.flatMap(([, folders = '', , files = '']) => {
      const names = [...folders.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');
      const root = names[0] ?? '';
      const places = names.map((name) =>
        name.includes('/') || name === root ? name : `${path.dirname(root)}/${name}`,
      );
      const wanted = [...files.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');
      return wanted.filter((name) => !places.some((place) => existsSync(path.join(place, name))));
    });
    expect(rows.length).toBeGreaterThan(12);
    expect(missing).toEqual([]);
  });

  it('has a row for every folder of lib', () => {
    const text = rows.map(([, folders]) => folders).join();
    const folders = globSync(['lib/*/'], { onlyDirectories: true }).map((folder) => folder.replace(/\/$/, ''));
    expect(folders.filter((folder) => !text.includes(`\`${folder}\``))).toEqual([]);
  });
});
