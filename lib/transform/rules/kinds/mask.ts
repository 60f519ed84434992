import type { MaskRule } from '../../../config/business-rule.ts';
import { quoteText } from '../../../duckdb/quote.ts';
import { ownText } from '../../infer/own-type.ts';
import { hasForm } from '../../infer/text-form.ts';
import { canonicalText } from '../../result/row-id.ts';
import { requiredColumn } from '../column-scope.ts';
import { maskKey } from '../mask-keys.ts';
import type { RuleKind } from '../rule-kind.ts';

/** Hides the values of a column. */
export const maskKind: RuleKind<MaskRule> = {
  text: ({ column, method }) => `${method} of ${column}`,
  makes: ({ column }) => [{ name: column, isNew: false }],
  hides: (rule, number) => ({ column: rule.column, hidden: (text) => maskedText(rule, number, text) }),
  compile: async (rule, { columns, number }) => {
    const column = requiredColumn(columns, rule.column);
    const text =
      column.duckType === 'BLOB' ? ownText(column.id, column.duckType) : canonicalText(column.id, column.duckType);
    const value = maskedText(rule, number, text);
    const { name, sourceName } = column;
    return { kind: 'columns', columns: [{ value, name, sourceName, type: 'text' }] };
  },
};

/** Characters of a text of which the last four are shown, at the least. */
const shownFrom = 8;

/**
 * SQL of a masked text. What is masked already stays as it is, so that a rejected row, which is kept masked, can be run
 * again; no value and the empty text stay too.
 *
 * @param number  of the rule, under which its key is kept
 */
function maskedText({ key, method }: Pick<MaskRule, 'key' | 'method'>, number: number, text: string): string {
  switch (method) {
    case 'hash': {
      const isMasked = hasForm(text, '(?:hmac-)?sha256:[0-9a-f]{64}');
      const hash = key === undefined ? `'sha256:' || sha256(${text})` : `'hmac-sha256:' || ${keyedHash(number, text)}`;
      return `CASE WHEN ${text} = '' OR ${isMasked} THEN ${text} ELSE ${hash} END`;
    }
    case 'redact':
      return `CASE WHEN ${text} <> '' THEN ${quoteText('[redacted]')} ELSE ${text} END`;
    case 'last4':
      return `CASE WHEN length(${text}) >= ${shownFrom} THEN '****' || right(${text}, 4) WHEN ${text} <> '' THEN '****' ELSE ${text} END`;
  }
}

/** HMAC (RFC 2104) of a text in UTF-8. */
function keyedHash(number: number, text: string): string {
  return `sha256(${maskKey(number, 'outer')} || unhex(sha256(${maskKey(number, 'inner')} || encode(${text}))))`;
}
