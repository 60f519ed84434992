import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = path.resolve('dist', 'command');

function help(): { readonly status: number | null; readonly stdout: string } {
  return spawnSync(process.execPath, [path.resolve('dist/bin/etl.js'), '--help'], { encoding: 'utf8' });
}

/** The file of the machine code that `etl --help` keeps. */
function codeFile(): string {
  const name = readdirSync(folder).find((file) => file.endsWith('-help.code'));
  if (name === undefined) throw new Error('No code was kept.');
  return path.join(folder, name);
}

describe('the bundled command line', () => {
  it('is one file beside its source map, and keeps the machine code of a command that ended well', () => {
    expect(readdirSync(folder).filter((file) => file.endsWith('.cjs'))).toHaveLength(1);
    expect(readdirSync(folder).filter((file) => file.endsWith('.cjs.map'))).toHaveLength(1);
    expect(help()).toMatchObject({ status: 0, stdout: expect.stringContaining('Loads APIs and files') as string });
    expect(readFileSync(codeFile()).length).toBeGreaterThan(10_000);
  });

  it('runs without kept code that is not whole or not its own, and keeps it anew', () => {
    const whole = help().stdout;
    const code = readFileSync(codeFile());
    const turned = Buffer.from(code);
    turned[turned.length >> 1] = (turned[turned.length >> 1] ?? 0) ^ 0xff;
    for (const bad of [turned, code.subarray(0, 1_000), Buffer.alloc(0)]) {
      writeFileSync(codeFile(), bad);
      expect(help()).toMatchObject({ status: 0, stdout: whole });
      expect(readFileSync(codeFile()).length).toBeGreaterThan(10_000);
    }
  });
});
