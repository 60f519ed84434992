import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Shell, shells } from '../../lib/cli/completion/scripts.ts';
import { runCommand } from '../support/workspace.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-completion-'));
  const file = '{ source_type: file, file_path: a.csv, target_table: t }';
  writeFileSync(
    path.join(folder, 'etl.yaml'),
    `pipelines: { users: ${file}, user_orders: ${file} }\nstages: { prod: {} }\n`,
  );
  writeFileSync(
    path.join(folder, 'etl'),
    `#!/bin/sh\nexec "${process.execPath}" "${path.resolve('dist/bin/etl.js')}" "$@"\n`,
  );
  chmodSync(path.join(folder, 'etl'), 0o755);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function completed(...words: readonly string[]): Promise<readonly string[]> {
  const { status, stderr, stdout } = await runCommand(folder, ['__complete', ...words]);
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').slice(0, -1);
}

describe('a word of a command line', () => {
  it('becomes a command, an option, a pipeline, or one of the values that an option may have', async () => {
    expect(await completed('ru')).toEqual(['run', 'runs']);
    expect(await completed('local', 'st')).toEqual(['start', 'stop', 'status']);
    expect(await completed('run', 'user')).toEqual(['users', 'user_orders']);
    expect(await completed('run', '--again', 'users', 'user_')).toEqual(['user_orders']);
    expect(await completed('run', '--full')).toEqual(['--full-refresh']);
    expect(await completed('run', '--target', '')).toEqual(['local']);
    expect(await completed('check', '--stage', '')).toEqual(['prod']);
    expect(await completed('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('is left to the shell where it may be a file, and where the configuration cannot be read', async () => {
    expect(await completed('run', '--config', 'e')).toEqual([]);
    expect(await completed('run', '--config', 'absent.yaml', '')).toEqual([]);
    expect(await completed('init', 'a')).toEqual([]);
  });
});

/** Asks a shell that has read its script; the words as typed, with the cursor behind the last. */
const ask: Readonly<Record<Shell, (script: string, line: string) => readonly string[]>> = {
  bash: (script, line) => [
    '-c',
    `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _etl; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  zsh: (script, line) => [
    '-fc',
    `compdef() { : }; compadd() { shift; print -l -- "$@" }; _files() { : }\n${script}\nwords=(${line}); CURRENT=\${#words}; _etl`,
  ],
  fish: (script, line) => ['--no-config', '-c', `${script}\ncomplete -C '${line}'`],
};

const present = shells.filter((shell) => spawnSync(shell, ['-c', 'true']).status === 0);

describe('the script of a shell', () => {
  it.each(present)('completes in %s', async (shell) => {
    const { stdout: script } = await runCommand(folder, ['completion', shell]);
    const said = (line: string): readonly string[] =>
      execFileSync(shell, [...ask[shell](script, line)], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${folder}:${process.env.PATH ?? ''}` },
      })
        .trim()
        .split('\n')
        .map((text) => text.split('\t')[0] ?? '');
    expect(said('etl ru')).toEqual(['run', 'runs']);
    expect(said('etl preview user_')).toEqual(['user_orders']);
    expect(said('etl run --full')).toEqual(['--full-refresh']);
  });

  // Shells that are not installed here cannot be asked; their scripts are read by nobody in this run.
  it.skipIf(present.length === shells.length)('is asked only of shells that are installed', () => {
    expect(present).toContain('bash');
  });
});
