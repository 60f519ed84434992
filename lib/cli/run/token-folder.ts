import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import type { RefreshTokenState, RefreshTokens } from '../../config/refresh-tokens.ts';
import type { ResolveSecret } from '../../config/secret.ts';
import { makePrivateFolder, privateFileMode } from '../../private-folder.ts';
import { takeLock } from './token-lock.ts';

const keptSchema = z.strictObject({
  /** Digest of the token that the configuration refers to: another one there is a new beginning. */
  of: z.string(),
  number: z.int().min(1),
  refresh_token: z.string().min(1),
  access_token: z.string().optional(),
  expires_at: z.number().optional(),
});

type Kept = z.infer<typeof keptSchema>;

/**
 * Keeps refresh tokens that stand in environment variables in files of the state folder that only its owner can read
 * (mode 0600). Runs of all processes with this state folder use a token one after the other.
 */
export function tokenFolder(
  stateDir: string,
  resolveSecret: ResolveSecret,
  clock: Clock,
  signal: AbortSignal | undefined,
): RefreshTokens {
  return {
    exclusively: async (reference, isGood, use) => {
      const first = await resolveSecret(reference);
      const folder = path.join(stateDir, 'tokens');
      makePrivateFolder(folder);
      const name = digestOf(JSON.stringify(reference)).slice(0, 32);
      const file = path.join(folder, `${name}.json`);
      const lock = await takeLock(folder, name, () => readKept(file)?.number ?? 0, clock, signal);
      try {
        const kept = readKept(file);
        const newest = kept !== undefined && kept.of === digestOf(first) ? stateOf(kept) : { refreshToken: first };
        if (isGood(newest)) return newest;
        const next = await use(newest);
        write(file, { of: digestOf(first), number: lock.number, ...membersOf(next) });
        return next;
      } finally {
        lock.release();
      }
    },
  };
}

function stateOf({ access_token: token, expires_at: expiresAt, refresh_token: refreshToken }: Kept): RefreshTokenState {
  const access = token === undefined || expiresAt === undefined ? undefined : { token, expiresAt };
  return { refreshToken, access };
}

function membersOf({ access, refreshToken }: RefreshTokenState): Omit<Kept, 'of' | 'number'> {
  const isKnown = access !== undefined && Number.isFinite(access.expiresAt);
  return {
    refresh_token: refreshToken,
    ...(isKnown ? { access_token: access.token, expires_at: access.expiresAt } : {}),
  };
}

/** A file that cannot be read is none: the configuration's own token is then used. */
function readKept(file: string): Kept | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return keptSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Whole, or not at all. */
function write(file: string, kept: Kept): void {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, `${JSON.stringify(kept)}\n`, { flag: 'wx', mode: privateFileMode, flush: true });
  renameSync(draft, file);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
