import { createHash } from 'node:crypto';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';

/** Bytes of a block of SHA-256. */
const blockBytes = 64;

/** SQL of the key of a rule as HMAC needs it, on the inside and on the outside; kept by `keepMaskKeys`. */
export function maskKey(rule: number, side: 'inner' | 'outer'): string {
  return `getvariable('${variableOf(rule, side)}')`;
}

/**
 * Keeps the keys of mask rules as variables of the session's connection: so they are in no statement, which a message
 * might quote.
 *
 * @param keys  by the rule's place among the business rules, from 1
 */
export async function keepMaskKeys(session: DuckDbSession, keys: ReadonlyMap<number, string>): Promise<void> {
  for (const [rule, key] of keys) {
    for (const [side, byte] of [['inner', 0x36] as const, ['outer', 0x5c] as const]) {
      await session.connection.run(`SET VARIABLE ${variableOf(rule, side)} = unhex($1)`, [padded(key, byte)]);
    }
  }
}

function variableOf(rule: number, side: string): string {
  return `mask_${rule}_${side}`;
}

/** The key as RFC 2104 mixes it with a byte; in hex. */
function padded(key: string, byte: number): string {
  const bytes = Buffer.from(key);
  const block = Buffer.alloc(blockBytes);
  (bytes.length > blockBytes ? createHash('sha256').update(bytes).digest() : bytes).copy(block);
  return Buffer.from(block.map((one) => one ^ byte)).toString('hex');
}
