import { literal } from './quote.ts';
import { scan, type Token } from './scanner.ts';

/** Text PostgreSQL's parser takes, and what DSQL's own keywords in it meant. */
export interface Translation {
  /** The text with DSQL's own keywords blanked out or replaced; offsets of the rest are unchanged where only blanked. */
  readonly sql: string;
  /** Offsets, in the text, of statements that were marked ASYNC. */
  readonly asyncAt: readonly number[];
}

const ownKeywords = /\basync\b|\baws\b/i;

/**
 * Takes the syntax DSQL has and PostgreSQL lacks: `CREATE [UNIQUE] INDEX ASYNC …` and `ALTER TABLE ASYNC …` lose the
 * word, `AWS IAM GRANT|REVOKE role TO|FROM 'arn'` becomes a call. Recognised by tokens, never inside strings, comments
 * or quoted names.
 */
export function translate(sql: string): Translation {
  if (!ownKeywords.test(sql)) return { sql, asyncAt: [] };
  const asyncAt: number[] = [];
  const edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];
  for (const statement of statementsOf(scan(sql))) {
    const [first] = statement;
    if (first === undefined) continue;
    const marked = asyncWord(statement);
    if (marked !== undefined) {
      asyncAt.push(first.start);
      edits.push({ start: marked.start, end: marked.end, text: ' '.repeat(marked.end - marked.start) });
    }
    const call = iamCall(statement);
    const last = statement.at(-1);
    if (call !== undefined && last !== undefined) edits.push({ start: first.start, end: last.end, text: call });
  }
  let translated = sql;
  for (const edit of edits.reverse()) {
    translated = translated.slice(0, edit.start) + edit.text + translated.slice(edit.end);
  }
  return { sql: translated, asyncAt };
}

function statementsOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const statements: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'symbol' && token.text === ';') statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return statements;
}

function words(statement: readonly Token[], count: number): string {
  return statement
    .slice(0, count)
    .map((token) => (token.kind === 'word' ? token.text : '?'))
    .join(' ');
}

function asyncWord(statement: readonly Token[]): Token | undefined {
  if (words(statement, 3) === 'create index async') return statement[2];
  if (words(statement, 4) === 'create unique index async') return statement[3];
  if (words(statement, 3) === 'alter table async') return statement[2];
  return undefined;
}

/** `AWS IAM GRANT role TO 'arn'`, as a call PostgreSQL's parser takes. */
function iamCall(statement: readonly Token[]): string | undefined {
  const verb = words(statement, 3);
  const [, , , role, direction, arn, ...rest] = statement;
  const wanted = verb === 'aws iam grant' ? 'to' : verb === 'aws iam revoke' ? 'from' : undefined;
  if (wanted === undefined || direction?.text !== wanted || arn?.kind !== 'string' || rest.length > 0) return undefined;
  if (role === undefined || (role.kind !== 'word' && role.kind !== 'quoted')) return undefined;
  const name = role.kind === 'quoted' ? role.text.slice(1, -1).replaceAll('""', '"') : role.text;
  const procedure = wanted === 'to' ? 'iam_grant' : 'iam_revoke';
  return `CALL pg_catalog.dsql_${procedure}(${literal(name)}, ${arn.text})`;
}
