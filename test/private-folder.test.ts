import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePrivateFolder, takePrivateFolder } from '../lib/private-folder.ts';
import { folderStore } from '../lib/store/folder-store.ts';

let around: string;

beforeEach(() => {
  around = mkdtempSync(path.join(tmpdir(), 'private-'));
});
afterEach(() => rmSync(around, { recursive: true, force: true }));

const modeOf = (...names: string[]): number => statSync(path.join(around, ...names)).mode & 0o7777;

/** A folder as a release made it that did not close it. */
function openFolder(): string {
  const folder = path.join(around, 'state');
  mkdirSync(path.join(folder, 'runs', 'r1', 'raw'), { recursive: true });
  const file = path.join(folder, 'runs', 'r1', 'raw', 'part.ndjson');
  writeFileSync(file, '{"salary": 1}\n');
  chmodSync(file, 0o644);
  for (const name of ['', 'runs', 'runs/r1', 'runs/r1/raw']) chmodSync(path.join(folder, name), 0o755);
  return folder;
}

describe.skipIf(process.platform === 'win32')('a private folder', () => {
  it('is made for its owner alone, with the folders it lies in', () => {
    makePrivateFolder(path.join(around, 'a', 'b'));
    expect([modeOf('a'), modeOf('a', 'b')]).toEqual([0o700, 0o700]);
  });

  it('that was open is closed with everything in it, and links in it are not followed', () => {
    const folder = openFolder();
    const outside = path.join(around, 'outside.csv');
    writeFileSync(outside, 'id\n');
    chmodSync(outside, 0o644);
    symlinkSync(outside, path.join(folder, 'link'));
    makePrivateFolder(folder);
    expect(modeOf('state')).toBe(0o700);
    expect(modeOf('state', 'runs', 'r1', 'raw')).toBe(0o700);
    expect(modeOf('state', 'runs', 'r1', 'raw', 'part.ndjson')).toBe(0o600);
    expect(modeOf('outside.csv')).toBe(0o644);
  });

  it('within one that belongs to everybody is closed, and that one is left as it is', () => {
    const folder = openFolder();
    chmodSync(folder, 0o1777);
    mkdirSync(path.join(folder, 'others'), { mode: 0o755 });
    makePrivateFolder(folder, ['runs', 'local']);
    expect(modeOf('state')).toBe(0o1777);
    expect(modeOf('state', 'others')).toBe(0o755);
    expect(modeOf('state', 'runs')).toBe(0o700);
  });

  it('holds objects that only their owner can read', async () => {
    const store = folderStore(path.join(around, 'state'));
    const before = process.umask(0);
    try {
      await store.put('runs/r1/raw/a.json', 'x');
      writeFileSync(await store.scratchPath('runs/r1/raw/b.json'), 'y');
    } finally {
      process.umask(before);
    }
    expect(modeOf('state', 'runs', 'r1', 'raw')).toBe(0o700);
    expect(modeOf('state', 'runs', 'r1', 'raw', 'a.json')).toBe(0o600);
  });
});

describe.skipIf(process.platform === 'win32')('a folder under a name that others can guess', () => {
  const taken = (folder: string, uids?: readonly number[]) => () =>
    takePrivateFolder(folder, { uids: uids ?? [process.getuid?.() ?? 0] });

  it('is made for its owner alone, and taken again', () => {
    const folder = path.join(around, 'sockets');
    taken(folder)();
    taken(folder)();
    expect(modeOf('sockets')).toBe(0o700);
  });

  it('is refused when others can enter it, when it is a link, a file, or not ours', () => {
    const folder = path.join(around, 'sockets');
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    expect(taken(folder)).toThrow(/sockets cannot be used: it has mode 0755, which lets others in/);
    chmodSync(folder, 0o700);
    expect(taken(folder, [4_711])).toThrow(/belongs to user \d+/);
    const link = path.join(around, 'link');
    symlinkSync(folder, link);
    expect(taken(link)).toThrow(/is a link/);
    symlinkSync(path.join(around, 'nowhere'), `${link}2`);
    expect(taken(`${link}2`)).toThrow(/is a link/);
    writeFileSync(`${link}3`, '');
    expect(taken(`${link}3`)).toThrow(/is no folder/);
  });
});
