import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { synthesize } from '../support/aws/assembly.ts';
import { type DeployedFunction, deployedFunctions } from '../support/lambda/deployed-function.ts';

let folder: string;
const functionsOf = new Map<string, Readonly<Record<string, DeployedFunction>>>();

/** Fetches DuckDB's binary of the other platform from npm when it is not cached yet. */
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-bundles-'));
  const config = path.join(folder, 'etl.yaml');
  for (const architecture of ['arm64', 'x86_64']) {
    const setting = architecture === 'arm64' ? '' : `deploy: { architecture: ${architecture} }`;
    writeFileSync(
      config,
      `pipelines: { a: { source_type: file, file_path: s3://b/a.csv, target_table: a } }\n${setting}\n`,
    );
    functionsOf.set(
      architecture,
      deployedFunctions(synthesize(path.join(folder, architecture), { config }).stack('dsql-etl-dev')),
    );
  }
}, 180_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The processor an ELF file is for: e_machine, two bytes at 18. */
function processorOf(file: string): string {
  const machine = readFileSync(file).readUInt16LE(18);
  return machine === 0xb7 ? 'arm64' : machine === 0x3e ? 'x86_64' : String(machine);
}

/** The newest glibc a binary asks for, as a number: 2.34 is 34. */
function glibcOf(file: string): number {
  const versions = readFileSync(file)
    .toString('latin1')
    .matchAll(/GLIBC_2\.(\d+)/g);
  return Math.max(...[...versions].map(([, minor]) => Number(minor)));
}

describe.each(['arm64', 'x86_64'])('the bundle for %s', (architecture) => {
  const heavy = (): string => functionsOf.get(architecture)?.load?.codeDir ?? '';
  const binaries = (): readonly string[] =>
    readdirSync(heavy(), { recursive: true })
      .map(String)
      .filter((name) => /\.(node|so)$/.test(name))
      .map((name) => path.join(heavy(), name));

  it('has DuckDB for its processor alone', () => {
    expect(binaries()).toHaveLength(2);
    expect(new Set(binaries().map(processorOf))).toEqual(new Set([architecture]));
  });

  it('asks for no newer glibc than Amazon Linux 2023 has, 2.34', () => {
    for (const file of binaries()) expect(glibcOf(file)).toBeLessThanOrEqual(34);
  });

  it('stays far below the 250 MB of Lambda', () => {
    const files = readdirSync(heavy(), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const bytes = files.reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
    expect(bytes / 1024 / 1024).toBeLessThan(120);
  });

  it('has the same code as the other', () => {
    const code = ['arm64', 'x86_64'].map((one) =>
      readFileSync(path.join(functionsOf.get(one)?.load?.codeDir ?? '', 'load.js'), 'utf8'),
    );
    expect(code[0]).toBe(code[1]);
  });
});
