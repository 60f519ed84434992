import { describe, expect, it } from 'vitest';
import { regionOfHostname } from '../../lib/dsql/endpoint.ts';
import { IdentifierTooLongError, parseTableName, quoteIdentifier, quoteTable } from '../../lib/dsql/identifier.ts';

describe('an identifier', () => {
  it('is quoted whatever it contains', () => {
    expect(quoteIdentifier('a"b')).toBe('"a""b"');
    expect(quoteTable(parseTableName('sales.Order Items'))).toBe('"sales"."Order Items"');
    expect(quoteTable(parseTableName('select'))).toBe('"public"."select"');
  });

  it('over 63 bytes is refused, because PostgreSQL would cut it silently', () => {
    expect(quoteIdentifier('é'.repeat(31))).toHaveLength(33);
    expect(() => quoteIdentifier('é'.repeat(32))).toThrow(IdentifierTooLongError);
  });
});

describe('the Region', () => {
  it.each([
    ['abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws', 'us-east-1'],
    ['abcdefghijklmnopqrstuvwxyz.dsql-fnh4.eu-west-2.on.aws', 'eu-west-2'],
    ['example.com', undefined],
  ])('of %s is %s', (hostname, region) => {
    expect(regionOfHostname(hostname)).toBe(region);
  });
});
