import { readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Sql } from '../../dsql/connect.ts';
import { isAlive } from '../../local/postgres/process.ts';
import { runOwnerName } from '../../run/store-keys.ts';
import { leftoverRuns } from '../../state/leftover-runs.ts';

/** A run of which another target knows, or none, is forgotten when its folder has been untouched for so long. */
const forgottenMs = 30 * 24 * 60 * 60 * 1_000;

const ownerSchema = z.object({ endpoint: z.string() });
const runIdSyntax = /^[A-Za-z0-9_-]{1,80}$/;

export interface Leftovers {
  /** Folders of runs and of ended processes that were removed. */
  readonly removed: number;
  readonly bytes: number;
  /** Folders of runs that are under way, can be continued, or belong to another target. */
  readonly kept: number;
}

/**
 * Removes the files of runs that nobody will go on with, and the working files of processes that have ended. The target's
 * log tells which runs those are; a run into another target is kept until it has been untouched for 30 days.
 *
 * Killed midway: the rest is removed by the next call.
 */
export async function removeLeftovers(
  stateDir: string,
  target: { readonly sql: Sql; readonly where: { readonly endpoint: string } },
  now: Date,
): Promise<Leftovers> {
  const runs = (await foldersIn(path.join(stateDir, 'runs'))).filter((name) => runIdSyntax.test(name));
  const known = runs.length === 0 ? new Map<string, string>() : await leftoverRuns(target.sql, runs);
  const over: string[] = [];
  for (const run of runs) {
    const folder = path.join(stateDir, 'runs', run);
    const state = known.get(run);
    const gone =
      state === undefined
        ? (await ownerOf(folder)) === target.where.endpoint || (await untouchedMs(folder, now)) > forgottenMs
        : state === 'over';
    if (gone) over.push(folder);
  }
  const processes = await foldersIn(path.join(stateDir, 'scratch'));
  const ended = processes.filter((pid) => /^\d+$/.test(pid) && !isAlive(Number(pid)));
  const folders = [...over, ...ended.map((pid) => path.join(stateDir, 'scratch', pid))];
  let bytes = 0;
  for (const folder of folders) {
    bytes += await sizeOf(folder);
    await rm(folder, { recursive: true, force: true });
  }
  return { removed: folders.length, bytes, kept: runs.length - over.length };
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** The target that a run loads into; undefined for runs of an earlier release. */
async function ownerOf(folder: string): Promise<string | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(path.join(folder, runOwnerName), 'utf8'))).endpoint;
  } catch {
    return undefined;
  }
}

/** Since when nothing was made or removed in the folder and the folders in it. */
async function untouchedMs(folder: string, now: Date): Promise<number> {
  const inner = (await foldersIn(folder)).map((name) => path.join(folder, name));
  const times = await Promise.all([folder, ...inner].map(async (one) => (await stat(one)).mtimeMs));
  return now.getTime() - Math.max(...times);
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(path.join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
