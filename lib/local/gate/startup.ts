import { serverVersion, settableNames, syncIndexSetting } from '../catalog/reported-settings.ts';
import * as errors from '../wire/dsql-errors.ts';
import type { DsqlError } from '../wire/error-response.ts';
import { cstringAt, cstrings, message, ready } from '../wire/message.ts';

const protocol3 = 196_608;

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

/** Parameters of a StartupMessage that are no settings. */
const notSettings: ReadonlySet<string> = new Set(['user', 'database', 'options', 'replication']);

/** The settings a client asks for when it connects, or why it may not have one of them. */
export type SessionSettings = { readonly settings: Readonly<Record<string, string>> } | { readonly refusal: DsqlError };

/** The settings of a StartupMessage, those in `options` (`-c name=value`, `--name=value`) included. */
export function sessionSettings(parameters: Readonly<Record<string, string>>): SessionSettings {
  const named = Object.entries(parameters).filter(([name]) => !notSettings.has(name) && !name.startsWith('_pq_.'));
  const settings: Record<string, string> = {};
  for (const [name, value] of [...named, ...optionsOf(parameters.options ?? '')]) {
    if (!settableNames.has(name.toLowerCase())) return { refusal: { ...errors.notSettable(name), severity: 'FATAL' } };
    settings[postgresName(name)] = value;
  }
  return { settings };
}

/** The name under which PostgreSQL keeps a setting that only DSQL has. */
function postgresName(name: string): string {
  return name.toLowerCase() === syncIndexSetting ? `dsql.${syncIndexSetting}` : name;
}

/** Settings of an `options` string, in which a backslash stands before a character that separates nothing. */
function optionsOf(options: string): readonly (readonly [string, string])[] {
  const words = (options.match(/(?:\\.|\S)+/gs) ?? []).map((word) => word.replaceAll(/\\(.)/gs, '$1'));
  const found: (readonly [string, string])[] = [];
  for (const [at, word] of words.entries()) {
    if (word === '-c') continue;
    const setting = words[at - 1] === '-c' ? word : word.replace(/^(-c|--)/, '');
    const equals = setting.indexOf('=');
    if (equals > 0) found.push([setting.slice(0, equals).replaceAll('-', '_'), setting.slice(equals + 1)]);
    else found.push([setting, '']);
  }
  return found;
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
