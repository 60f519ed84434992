import { realpath } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { quoteText } from './quote.ts';

/** What a session may touch and use. */
export interface DuckDbOptions {
  /** Folders (with everything below them) and single files it may read and write; everything else is refused. */
  readonly allowedDirs: readonly string[];
  /** Single files it may read besides. */
  readonly allowedFiles?: readonly string[];
  /** Where it spills when memory is short; must exist. Allowed by itself. */
  readonly tempDir: string;
  /** Upper bound of what DuckDB itself keeps in memory; see `mostMemoryMb`. Node's own memory comes on top. */
  readonly memoryLimitMb?: number | undefined;
  /** Worker threads; default: as many as the machine has processors. */
  readonly threads?: number | undefined;
  /** Interrupts every running statement; later statements throw the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** One DuckDB in memory, locked down, with one connection at hand and more on request. */
export interface DuckDbSession {
  /** The session's own connection, for statements run one after another. */
  readonly connection: DuckDBConnection;
  /** Another connection to the same database, for statements run side by side; closed with the session. */
  readonly connect: () => Promise<DuckDBConnection>;
  /** Runs one statement and gives its rows as objects; bigint for 64-bit integers, DuckDB's value classes elsewhere. */
  readonly rows: (sql: string) => Promise<readonly Record<string, DuckDBValue>[]>;
  /** Runs one statement for its effect; `limit` interrupts it, between two blocks of 2,048 rows, and its reason is thrown. */
  readonly run: (sql: string, limit?: AbortSignal) => Promise<void>;
  /** Interrupts what is under way, and releases memory and temporary files once it has ended. Safe to call twice. */
  readonly close: () => void;
}

/** One that was made ahead of its use; nothing has been run in it. */
let prepared: Promise<DuckDBInstance> | undefined;

/**
 * Begins to make a DuckDB on a thread of its own, for the next `openDuckDb` of this process to take: making one takes
 * some 10 ms, in which a run waits for its database. Safe to call again; one that nobody takes ends with the process.
 */
export function prepareDuckDb(): void {
  if (prepared !== undefined) return;
  prepared = makeInstance();
  // Whoever takes it meets the failure.
  prepared.catch(() => undefined);
}

/** @throws whatever DuckDB throws when it cannot start */
async function makeInstance(): Promise<DuckDBInstance> {
  return await DuckDBInstance.create(':memory:', {
    // More are begun where it is opened.
    threads: '1',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
}

/**
 * Opens a DuckDB that can reach nothing but the given folders: no network, no extensions, no other files, and no
 * statement can change that afterwards. Order of rows is kept, time zone is UTC.
 *
 * @throws whatever DuckDB throws when it cannot start, e.g. when `tempDir` does not exist
 */
export async function openDuckDb(options: DuckDbOptions): Promise<DuckDbSession> {
  options.signal?.throwIfAborted();
  const folders = await Promise.all([...options.allowedDirs, options.tempDir].map(bothSpellings));
  const files = await Promise.all((options.allowedFiles ?? []).map(bothSpellings));
  const made = prepared ?? makeInstance();
  prepared = undefined;
  const instance = await made;
  const connections: DuckDBConnection[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let closed = false;
  // A connection runs one statement at a time; those given side by side wait for their turn.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const begin = (): Promise<T> => {
      if (closed) throw new Error('The DuckDB session is closed.');
      return work();
    };
    waiting += 1;
    const mine = turn.then(begin, begin).finally(() => {
      waiting -= 1;
    });
    turn = mine.catch(() => undefined);
    return mine;
  };
  const connect = async (): Promise<DuckDBConnection> => {
    options.signal?.throwIfAborted();
    const connection = await instance.connect();
    connections.push(connection);
    return connection;
  };
  const interrupt = () => {
    for (const connection of connections) {
      connection.interrupt();
    }
  };
  const release = (): void => {
    for (const connection of connections) {
      connection.closeSync();
    }
    instance.closeSync();
  };
  const close = (): void => {
    if (closed) return;
    closed = true;
    options.signal?.removeEventListener('abort', interrupt);
    if (waiting === 0) {
      release();
      return;
    }
    // A statement whose connection is closed under it never ends, and keeps the process from ending.
    const repeat = setInterval(interrupt, interruptEveryMs);
    void turn.finally(() => {
      clearInterval(repeat);
      release();
    });
  };
  try {
    const connection = await connect();
    await connection.run([...bounds(options), ...lockdown(folders.flat(), files.flat())].join(';\n'));
    options.signal?.addEventListener('abort', interrupt, { once: true });
    return {
      connection,
      connect,
      rows: (sql) =>
        inTurn(() =>
          guarded(options.signal, interrupt, async () => (await connection.runAndReadAll(sql)).getRowObjects()),
        ),
      run: (sql, limit) =>
        inTurn(() =>
          guarded(either(options.signal, limit), interrupt, async () => {
            await connection.run(sql);
          }),
        ),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Half of the machine's memory, or of the container's, and 1,024 at the least; DuckDB's own default is four fifths. Ten
 * million rows of ordinary width take a tenth of the least. What takes more is rows of hundreds of kilobytes, of which
 * DuckDB holds 2,048 at a time in several copies.
 */
export function mostMemoryMb(): number {
  const most = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return Math.max(1024, Math.floor(most / 2 / 1024 / 1024));
}

/** Bytes of rows, packed or not, that one thread reads sooner than two have shared them out. */
const bytesOfOneThread = 256 * 1024;

/** Threads for so many bytes: each statement takes longer for every thread more. Undefined: as many as there are processors. */
export function threadsFor(bytes: number): number | undefined {
  return bytes <= bytesOfOneThread ? 1 : undefined;
}

/** What it may use. */
function bounds({ memoryLimitMb = mostMemoryMb(), tempDir, threads }: DuckDbOptions): readonly string[] {
  return [
    `SET GLOBAL memory_limit = '${memoryLimitMb}MB'`,
    `SET GLOBAL temp_directory = ${quoteText(tempDir)}`,
    threads === undefined ? 'RESET GLOBAL threads' : `SET GLOBAL threads = ${threads}`,
  ];
}

/** Rows that a thread collects of the batches of a chunk before it writes them to their files. */
const partitionRows = 8_192;

/** Global settings first, then the doors shut, then the key thrown away. */
function lockdown(folders: readonly string[], files: readonly string[]): readonly string[] {
  const list = (paths: readonly string[]) => `[${[...new Set(paths)].map(quoteText).join(', ')}]`;
  return [
    "SET GLOBAL TimeZone = 'UTC'",
    'SET GLOBAL preserve_insertion_order = true',
    `SET GLOBAL partitioned_write_flush_threshold = ${partitionRows}`,
    `SET GLOBAL allowed_directories = ${list(folders.map((folder) => `${folder.replace(/[/\\]+$/, '')}/`))}`,
    `SET GLOBAL allowed_paths = ${list(files)}`,
    'SET GLOBAL enable_external_access = false',
    'SET GLOBAL lock_configuration = true',
  ];
}

/** A path as given and with its links resolved: DuckDB compares texts. */
async function bothSpellings(path: string): Promise<readonly string[]> {
  return [path, await realpath(path).catch(() => path)];
}

function either(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one === undefined || other === undefined ? (one ?? other) : AbortSignal.any([one, other]);
}

/** Runs work that an abort interrupts, again and again: an interrupt before the statement has begun is lost. */
async function guarded<T>(signal: AbortSignal | undefined, interrupt: () => void, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  let repeat: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    repeat = setInterval(interrupt, interruptEveryMs);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    clearInterval(repeat);
  }
}

const interruptEveryMs = 20;
