import { describe, expect, it } from 'vitest';
import { classifyFailure, type FailureClass } from '../../lib/dsql/failure.ts';

function databaseError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

describe('a failure of the database', () => {
  const cases: readonly (readonly [FailureClass, string, string])[] = [
    ['conflict', '40001', 'change conflicts with another transaction (OC000)'],
    ['conflict', '40001', 'schema has been updated by another transaction (OC001)'],
    ['conflict', 'OC000', 'conflict'],
    ['conflict', '23505', 'duplicate key value violates unique constraint "pg_type_typname_nsp_index"'],
    ['conflict', '23505', 'duplicate key value violates unique constraint "pg_class_relname_nsp_index"'],
    ['conflict', '42710', 'type "t" already exists'],
    ['conflict', '42P07', 'relation "t" already exists'],
    ['conflict', 'XX000', 'tuple concurrently updated'],
    ['refused', '42710', 'role "r" already exists'],
    ['unknown', 'XX000', 'server unavailable'],
    ['refused', 'XX000', 'cache lookup failed'],
    ['unknown', 'CONNECTION_CLOSED', 'write CONNECTION_CLOSED'],
    ['unknown', 'ECONNRESET', 'read ECONNRESET'],
    ['unknown', '57P01', 'terminating connection due to administrator command'],
    ['unknown', '53400', 'Unable to accept connection, rate exceeded.'],
    ['unknown', '54000', 'transaction age limit of 300s exceeded'],
    ['too_large', '54000', 'transaction row limit exceeded'],
    ['too_large', '54000', 'transaction size limit 10mb exceeded'],
    ['refused_row', '54000', 'key size too large'],
    ['refused_row', '54000', 'datatype limit greater than 1048576 bytes not supported for text'],
    ['refused_row', '23505', 'duplicate key value violates unique constraint "t_pkey"'],
    ['refused_row', '22P02', 'invalid input syntax for type integer'],
    ['denied', '28000', 'unable to accept connection, access denied'],
    ['denied', '42501', 'permission denied for table t'],
    ['refused', '42P01', 'relation "t" does not exist'],
    ['refused', '0A000', 'unsupported statement: Truncate'],
  ];
  it.each(cases)('is %s for %s "%s"', (expected, code, message) => {
    expect(classifyFailure(databaseError(code, message)).class).toBe(expected);
  });

  it('is found inside an error that wraps it', () => {
    const inner = databaseError('40001', 'change conflicts with another transaction (OC000)');
    expect(classifyFailure(new Error('query failed', { cause: inner })).class).toBe('conflict');
  });

  it('that is not an error at all is refused, not repeated', () => {
    expect(classifyFailure('boom').class).toBe('refused');
  });
});
