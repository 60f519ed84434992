import type { LocalLimits } from '../rules/limits.ts';
import { parseStatements } from './parse-statements.ts';
import type { Statement } from './statement.ts';

/**
 * Remembers judged texts, so that each distinct one is parsed once. Bounded by the texts' length: the least recently
 * used go first, and a text longer than a sixteenth of the whole is not kept.
 */
export class StatementCache {
  private readonly known = new Map<string, readonly Statement[]>();
  private size = 0;
  private readonly maxSize: number;

  private readonly limits: LocalLimits;

  /** @param maxSize  UTF-16 units of all texts together */
  constructor(maxSize: number, limits: LocalLimits) {
    this.maxSize = maxSize;
    this.limits = limits;
  }

  statements(text: string): readonly Statement[] {
    const found = this.known.get(text);
    if (found !== undefined) {
      this.known.delete(text);
      this.known.set(text, found);
      return found;
    }
    const parsed = parseStatements(text, this.limits);
    if (text.length <= this.maxSize / 16) this.keep(text, parsed);
    return parsed;
  }

  private keep(text: string, parsed: readonly Statement[]): void {
    this.known.set(text, parsed);
    this.size += text.length;
    for (const oldest of this.known.keys()) {
      if (this.size <= this.maxSize) return;
      this.known.delete(oldest);
      this.size -= oldest.length;
    }
  }
}
