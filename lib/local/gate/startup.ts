import { serverVersion } from '../catalog/reported-settings.ts';
import { cstringAt, cstrings, message, ready } from '../wire/message.ts';

const protocol3 = 196_608;

/** Start-up parameters a session may set. */
const settable: ReadonlySet<string> = new Set([
  'application_name',
  'client_encoding',
  'datestyle',
  'intervalstyle',
  'timezone',
  'extra_float_digits',
  'search_path',
  'bytea_output',
  'client_min_messages',
]);

/** The parameters of a StartupMessage; undefined when it is none of protocol 3.0. */
export function readStartup(frame: Buffer | undefined): Readonly<Record<string, string>> | undefined {
  if (frame === undefined || frame.length < 9 || frame.readInt32BE(4) !== protocol3) return undefined;
  const parameters = new Map<string, string>();
  for (let at = 8; at < frame.length - 1; ) {
    const [name, afterName] = cstringAt(frame, at);
    const [value, afterValue] = cstringAt(frame, afterName);
    if (name !== '') parameters.set(name, value);
    at = afterValue;
  }
  return Object.fromEntries(parameters);
}

/** The parameters a session keeps; others are ignored, as a statement would refuse them. */
export function sessionParameters(parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => settable.has(name.toLowerCase())));
}

/** What follows a good token: the parameters a client relies on, known without asking PostgreSQL. */
export function welcome(parameters: Readonly<Record<string, string>>, processId: number): Buffer {
  const key = Buffer.alloc(8);
  key.writeInt32BE(processId, 0);
  const status: Readonly<Record<string, string>> = {
    application_name: parameters.application_name ?? '',
    client_encoding: 'UTF8',
    DateStyle: 'ISO, MDY',
    default_transaction_read_only: 'off',
    in_hot_standby: 'off',
    integer_datetimes: 'on',
    IntervalStyle: 'postgres',
    is_superuser: 'off',
    server_encoding: 'UTF8',
    server_version: serverVersion,
    session_authorization: parameters.user ?? '',
    standard_conforming_strings: 'on',
    TimeZone: 'UTC',
  };
  return Buffer.concat([
    message('R', Buffer.alloc(4)),
    ...Object.entries(status).map(([name, value]) => message('S', cstrings(name, value))),
    message('K', key),
    ready('I'),
  ]);
}

/** A ParameterStatus of PostgreSQL's as DSQL would send it. */
export function translateParameter(frame: Buffer): Buffer {
  const [name] = cstringAt(frame, 5);
  return name === 'server_version' ? message('S', cstrings('server_version', serverVersion)) : frame;
}
