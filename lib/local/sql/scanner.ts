// By hand: libpg-query refuses the statements that only DSQL has, and its scanner gives no offsets in UTF-16 units.

/** A token of SQL text. Offsets count UTF-16 units of the text. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol';
  /** A word in lower case; a quoted name, a string or anything else as written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const space = /[\s]+/y;
const lineComment = /--[^\r\n]*/y;
const word = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const number = /\d[\w.]*/y;
const dollar = /\$([\p{L}_][\p{L}\p{N}_]*)?\$/uy;

/**
 * Cuts SQL into tokens as PostgreSQL's scanner does, for the few statements DSQL has and PostgreSQL's grammar has not.
 * Comments and space are skipped; strings, dollar quotes and quoted names are one token each, so that no word inside
 * them is taken for a keyword. Text that ends within a quote yields the rest as one token.
 */
export function scan(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const skipped = match(space, sql, at) ?? match(lineComment, sql, at) ?? blockComment(sql, at);
    if (skipped !== undefined) {
      at = skipped;
      continue;
    }
    const token = tokenAt(sql, at);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function tokenAt(sql: string, start: number): Token {
  const prefixed = /[eEbBxXnN]'|[uU]&'/y;
  const prefixEnd = match(prefixed, sql, start);
  if (prefixEnd !== undefined) {
    const escapes = sql[start] === 'e' || sql[start] === 'E';
    return token('string', sql, start, quoteEnd(sql, prefixEnd, "'", escapes));
  }
  const c = sql[start];
  if (c === "'") return token('string', sql, start, quoteEnd(sql, start + 1, "'", false));
  if (c === '"') return token('quoted', sql, start, quoteEnd(sql, start + 1, '"', false));
  const opened = match(dollar, sql, start);
  if (opened !== undefined) {
    const tag = sql.slice(start, opened);
    const close = sql.indexOf(tag, opened);
    return token('string', sql, start, close < 0 ? sql.length : close + tag.length);
  }
  const wordEnd = match(word, sql, start);
  if (wordEnd !== undefined) return token('word', sql, start, wordEnd);
  const numberEnd = match(number, sql, start);
  if (numberEnd !== undefined) return token('number', sql, start, numberEnd);
  return token('symbol', sql, start, start + 1);
}

function token(kind: Token['kind'], sql: string, start: number, end: number): Token {
  const text = sql.slice(start, end);
  return { kind, text: kind === 'word' ? text.toLowerCase() : text, start, end };
}

function match(pattern: RegExp, sql: string, start: number): number | undefined {
  pattern.lastIndex = start;
  return pattern.test(sql) ? pattern.lastIndex : undefined;
}

function quoteEnd(sql: string, start: number, quote: string, escapes: boolean): number {
  for (let at = start; at < sql.length; at += 1) {
    if (escapes && sql[at] === '\\') at += 1;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at += 1;
    }
  }
  return sql.length;
}

/** The end of a block comment, which may hold others. */
function blockComment(sql: string, start: number): number | undefined {
  if (!sql.startsWith('/*', start)) return undefined;
  let depth = 0;
  for (let at = start; at < sql.length; at += 1) {
    if (sql.startsWith('/*', at)) {
      depth += 1;
      at += 1;
    } else if (sql.startsWith('*/', at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return sql.length;
}
