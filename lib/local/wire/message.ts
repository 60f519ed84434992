/**
 * Messages of the PostgreSQL protocol, version 3: one byte of type, four of length, a body. By hand: packages make an
 * object of every message, and the guard passes nearly all of them on as they came.
 */

/** A typed message. */
export function message(type: string, body: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(5 + body.length);
  out[0] = type.charCodeAt(0);
  out.writeInt32BE(body.length + 4, 1);
  out.set(body, 5);
  return out;
}

/** Texts, each ended by a zero byte. */
export function cstrings(...texts: readonly string[]): Buffer {
  return Buffer.from(texts.map((text) => `${text}\0`).join(''));
}

/** The text at an offset of a body, and the offset after its zero byte. */
export function cstringAt(buffer: Buffer, offset: number): readonly [string, number] {
  const end = buffer.indexOf(0, offset);
  return end < 0 ? [buffer.toString('utf8', offset), buffer.length] : [buffer.toString('utf8', offset, end), end + 1];
}

/** Types of messages, as their first byte. */
export const frontend = {
  query: 0x51,
  parse: 0x50,
  bind: 0x42,
  describe: 0x44,
  execute: 0x45,
  close: 0x43,
  flush: 0x48,
  sync: 0x53,
  terminate: 0x58,
  password: 0x70,
  copyData: 0x64,
  copyDone: 0x63,
  copyFail: 0x66,
  functionCall: 0x46,
} as const;

export const backend = {
  authentication: 0x52,
  parameterStatus: 0x53,
  backendKeyData: 0x4b,
  readyForQuery: 0x5a,
  commandComplete: 0x43,
  errorResponse: 0x45,
  noticeResponse: 0x4e,
  notification: 0x41,
  rowDescription: 0x54,
  dataRow: 0x44,
  noData: 0x6e,
  parseComplete: 0x31,
  bindComplete: 0x32,
  closeComplete: 0x33,
  parameterDescription: 0x74,
  emptyQuery: 0x49,
  portalSuspended: 0x73,
  copyIn: 0x47,
  copyOut: 0x48,
} as const;

export const sync = message('S', Buffer.alloc(0));
export const emptyQuery = message('I', Buffer.alloc(0));

/** ReadyForQuery: `I` idle, `T` in a transaction, `E` in a failed one. */
export function ready(status: 'I' | 'T' | 'E'): Buffer {
  return message('Z', Buffer.from(status));
}

export function commandComplete(tag: string): Buffer {
  return message('C', cstrings(tag));
}

export function query(text: string): Buffer {
  return message('Q', cstrings(text));
}

/** Statement, portal and execution of a command of our own, in names no client uses, so that theirs are not disturbed. */
export function ownCommand(text: string): Buffer {
  const name = '_dsql_local';
  return Buffer.concat([
    // What an earlier one that failed has left.
    message('C', cstrings(`S${name}`)),
    message('P', Buffer.concat([cstrings(name, text), Buffer.alloc(2)])),
    message('B', Buffer.concat([cstrings(name, name), Buffer.alloc(6)])),
    message('E', Buffer.concat([cstrings(name), Buffer.alloc(4)])),
    message('C', cstrings(`P${name}`)),
  ]);
}

/** Cuts bytes that hold whole messages. */
export function messagesOf(bytes: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    messages.push(bytes.subarray(at, end));
    at = end;
  }
  return messages;
}
