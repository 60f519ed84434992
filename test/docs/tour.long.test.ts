import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalDsql, stopLocalDsql } from '../../lib/local/client.ts';
import { prepareData } from '../support/prepared-data.ts';

/** A command of the page, and what the page says that it prints. */
interface Step {
  readonly command: string;
  readonly output: string;
}

const page = 'docs/tour.md';
/** The port of the page's API; the test takes a free one. */
const shownPort = 8347;
/** Characters that somebody types in five minutes who is no typist. */
const fiveMinutes = 1_000;

const blocks = /```console\n([\s\S]*?)```/g;

/** The steps of a block: `$ ` begins a command, `> ` goes on with it, and all else is printed. */
function stepsOf(block: string): readonly Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const lines = text.replace(/\n$/, '').split('\n');
      const typed = [lines[0] ?? ''];
      while (lines[typed.length]?.startsWith('> ') === true) typed.push(lines[typed.length]?.slice(2) ?? '');
      return { command: typed.join('\n'), output: lines.slice(typed.length).join('\n') };
    });
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** What differs from one run to the next, as one word each. */
function normalised(text: string, port: number): string {
  return text
    .replace(uuid, '<id>')
    .replace(/\b[0-9a-f]{8}\b/g, '<id>')
    .replace(/\d+(\.\d+)? (s|min|h)( ago)?\b/g, '<time>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<moment>')
    .replaceAll(String(port), String(shownPort))
    .replace(/ +/g, ' ')
    .replace(/ +$/gm, '');
}

let folder: string;
let port: number;
let api: ChildProcess | undefined;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-tour-'));
  const state = path.join(folder, '.etl');
  await prepareData(state);
  // Kept up, so that no command of the page waits for its start.
  await startLocalDsql({ stateDir: state });
  writeFileSync(
    path.join(folder, 'npx'),
    `#!/bin/sh\nshift\nexec "${process.execPath}" "${path.resolve('dist/bin/etl.js')}" "$@"\n`,
  );
  chmodSync(path.join(folder, 'npx'), 0o755);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
});

afterAll(async () => {
  api?.kill('SIGKILL');
  await stopLocalDsql(path.join(folder, '.etl'));
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command of the page in bash, and gives what it prints. */
async function run(command: string): Promise<string> {
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH ?? ''}`, NO_COLOR: '1' };
  if (command.endsWith(' &')) {
    api = spawn('bash', ['-c', `exec ${command.slice(0, -2)}`], { cwd: folder, env, stdio: 'ignore' });
    await listening();
    return '';
  }
  const ended = spawnSync('bash', ['-c', `${command}\n`], { cwd: folder, env, encoding: 'utf8' });
  expect(ended.status, `${command}\n${ended.stdout}${ended.stderr}`).toBe(0);
  // Progress goes to stderr, where a slow machine has more of it.
  return ended.stdout.trimEnd();
}

async function listening(): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the tour', () => {
  it('prints what its page says, and is typed in five minutes', { timeout: 180_000 }, async () => {
    const before = readFileSync(page, 'utf8');
    const written = process.env.WRITE_DOCS === '1';
    /** Ids of runs: those of the page, and those of this run in their place. */
    const ids = new Map<string, string>();
    let last = '00000000';
    let typed = 0;
    let after = '';
    let from = 0;
    for (const block of before.matchAll(blocks)) {
      const steps: Step[] = [];
      for (const step of stepsOf(block[1] ?? '')) {
        typed += step.command.length;
        const own = [...ids].reduce((text, [shown, id]) => text.replaceAll(shown, id), step.command);
        const asked = written ? own.replaceAll('00000000', last) : own;
        const output = await run(asked.replaceAll(String(shownPort), String(port)));
        const found = output.match(uuid) ?? [];
        for (const [index, shown] of (step.output.match(uuid) ?? []).entries()) {
          ids.set(shown.slice(0, 8), found[index]?.slice(0, 8) ?? '');
        }
        last = found.at(-1)?.slice(0, 8) ?? last;
        steps.push({
          command: written ? asked : step.command,
          output: output.replaceAll(String(port), String(shownPort)),
        });
        if (!written) expect(normalised(output, port), step.command).toBe(normalised(step.output, port));
      }
      const text = steps.map(
        ({ command, output }) => `$ ${command.replaceAll('\n', '\n> ')}\n${output === '' ? '' : `${output}\n`}`,
      );
      after += `${before.slice(from, block.index)}\`\`\`console\n${text.join('')}\`\`\``;
      from = block.index + block[0].length;
    }
    if (written) writeFileSync(page, after + before.slice(from));
    expect(typed).toBeGreaterThan(500);
    expect(typed).toBeLessThan(fiveMinutes);
  });
});
