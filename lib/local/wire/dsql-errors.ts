import type { DsqlError } from './error-response.ts';

/** DSQL's own responses that do not come from a rule about a statement. Texts and SQLSTATEs as a live cluster gave them. */

export const conflict: DsqlError = {
  sqlstate: '40001',
  message: 'change conflicts with another transaction (OC000)',
};

export const schemaChanged: DsqlError = {
  sqlstate: '40001',
  message: 'schema has been updated by another transaction (OC001)',
};

export const abortedTransaction: DsqlError = {
  sqlstate: '25P02',
  message: 'current transaction is aborted, commands ignored until end of transaction block',
};

export function notSettable(name: string): DsqlError {
  return { sqlstate: '0A000', message: `setting configuration parameter "${name}" not supported` };
}

export const rowLimit: DsqlError = { sqlstate: '54000', message: 'transaction row limit exceeded' };

export function tooMuchSpace(limitKilobytes: number): DsqlError {
  const message = `query requires more than allowed temp space of ${limitKilobytes} KB to execute`;
  return { sqlstate: '54000', message };
}

export const rowTooLarge: DsqlError = { sqlstate: '54000', message: 'maximum row size exceeded' };

/** @param type  as PostgreSQL prints it, e.g. `text` */
export function columnTooLarge(limitBytes: number, type: string): DsqlError {
  return { sqlstate: '54000', message: `datatype limit greater than ${limitBytes} bytes not supported for ${type}` };
}

export const keyTooLarge: DsqlError = { sqlstate: '54000', message: 'key size too large' };

export const manyDdl: DsqlError = {
  sqlstate: '0A000',
  message: 'multiple ddl statements not supported in a transaction',
};

export const ddlWithDml: DsqlError = {
  sqlstate: '0A000',
  message: 'ddl and dml are not supported in the same transaction',
};

export const manyCommands: DsqlError = {
  sqlstate: '42601',
  message: 'cannot insert multiple commands into a prepared statement',
};

export const serverUnavailable: DsqlError = { sqlstate: 'XX000', message: 'server unavailable' };

export const tooManyConnections: DsqlError = {
  severity: 'FATAL',
  sqlstate: '53300',
  message: 'Unable to accept connection, too many open connections.',
};

export const rateExceeded: DsqlError = {
  severity: 'FATAL',
  sqlstate: '53400',
  message: 'Unable to accept connection, rate exceeded.',
};

/** The refusal of a token; the hint comes only with one that ran out. */
export function accessDenied(hint: string | undefined): DsqlError {
  const refusal: DsqlError = {
    severity: 'FATAL',
    sqlstate: '28000',
    message: 'unable to accept connection, access denied',
  };
  return hint === undefined ? refusal : { ...refusal, hint };
}

export function transactionTooOld(ageSeconds: number, limitSeconds: number): DsqlError {
  return {
    sqlstate: '54000',
    message: `transaction age limit of ${limitSeconds}s exceeded`,
    detail: `Current transaction age ${Math.floor(ageSeconds)}s exceeds ${limitSeconds}s`,
  };
}

export function transactionTooLarge(bytes: number, limitBytes: number): DsqlError {
  const limit = Math.round(limitBytes / 1024 / 1024);
  return {
    sqlstate: '54000',
    message: `transaction size limit ${limit}mb exceeded`,
    detail: `Current transaction size ${Math.ceil(bytes / 1024 / 1024)}mb > ${limit}mb`,
  };
}

/** PostgreSQL behind the guard has ended the connection. */
export const terminated: DsqlError = {
  severity: 'FATAL',
  sqlstate: '57P01',
  message: 'terminating connection due to administrator command',
};

export const noFunctionCall: DsqlError = { sqlstate: '0A000', message: 'unsupported statement: FunctionCall' };

export function badMessage(type: number): DsqlError {
  return { severity: 'FATAL', sqlstate: '08P01', message: `invalid frontend message type ${type}` };
}
