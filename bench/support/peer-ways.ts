import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './measured-process.ts';
import type { PeerData } from './peer-data.ts';

/** What is loaded, and into what. `over` is a tenth of the keys over a table that has all. */
export const workloads = ['insert', 'first', 'over', 'small'] as const;
export type Workload = (typeof workloads)[number];

/** Where PostgreSQL is: the folder of its socket, and a port of loopback that leads to it. */
export interface PeerTarget {
  readonly socket: string;
  readonly port: number;
  /** Of a local DSQL on that PostgreSQL, with a configuration for it. */
  readonly folder: string;
  readonly connections: number;
  /** The bundled script that runs a pipeline into a plain PostgreSQL. */
  readonly pipeline: string;
}

/** One way to load. */
export interface PeerWay {
  readonly name: string;
  readonly version: string;
  /** The table's definition where the way does not make it. */
  readonly table?: string | undefined;
  /** Undefined where the way has no such workload. */
  readonly command: (workload: Workload, file: string, table: string) => Command | undefined;
}

/** The file of a workload. */
export function fileOf(data: PeerData, workload: Workload, round: number): string {
  if (workload === 'small') return data.small;
  return workload === 'over' ? data.changes[round % 2 === 0 ? 0 : 1] : data.csv;
}

const keyed = 'load_mode: upsert\n    key_columns: [id]';

/** Our own whole pipeline, with everything that it promises. */
export function ownWay({ connections, folder, pipeline, socket }: PeerTarget): PeerWay {
  return {
    name: 'dsql-etl',
    version: 'this build',
    command: (workload, file, table) => {
      if (workload === 'small') {
        return { file: process.execPath, args: [path.resolve('dist/bin/etl.js'), 'run', '-q'], cwd: folder };
      }
      const settings = workload === 'insert' ? 'load_mode: insert' : keyed;
      const job = { folder, csv: file, table, connections, host: socket, port: 5432, settings };
      return { file: process.execPath, args: [pipeline, JSON.stringify(job)] };
    },
  };
}

/** One COPY stream of the finished rows, into the same columns: the floor of one connection. */
export function copyWay(target: PeerTarget, data: PeerData, definition: string): PeerWay {
  return {
    name: 'raw COPY of the finished rows',
    version: '1 connection',
    table: definition,
    command: (workload, _file, table) =>
      workload === 'insert'
        ? {
            file: process.execPath,
            args: [
              fileURLToPath(new URL('./copy-file.js', import.meta.url)),
              JSON.stringify({ file: data.finished, table, host: target.socket }),
            ],
          }
        : undefined,
  };
}

/** Sling's binary, named by SLING_BINARY; it connects by TCP alone, so what it sends is passed on to the socket. */
export function slingWay({ port }: PeerTarget, binary: string, version: string): PeerWay {
  const env = {
    PEER: `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=disable`,
    SLING_LOGGING: 'CONSOLE',
    SLING_DISABLE_TELEMETRY: 'true',
  };
  return {
    name: 'Sling',
    version,
    command: (workload, file, table) => ({
      file: binary,
      args: [
        'run',
        ...['--src-stream', `file://${file}`, '--tgt-conn', 'PEER', '--tgt-object', `public.${table}`],
        ...['--mode', workload === 'insert' || workload === 'small' ? 'full-refresh' : 'incremental'],
        ...(workload === 'first' || workload === 'over' ? ['--primary-key', 'id'] : []),
      ],
      env,
    }),
  };
}

/** A Python library, in the Python named by BENCH_PYTHON. */
export function pythonWay(target: PeerTarget, python: string, library: 'dlt' | 'pandas', version: string): PeerWay {
  const script = path.resolve('bench/support/peer_loads.py');
  const url =
    library === 'dlt'
      ? `postgresql://postgres:none@localhost:5432/postgres?host=${target.socket}`
      : `postgresql:///postgres?host=${target.socket}&user=postgres`;
  return {
    name: library,
    version,
    command: (workload, file, table) => {
      // pandas has no upsert of its own; the script's rests on a table that is there.
      if (library === 'pandas' && workload === 'first') return undefined;
      const mode = workload === 'insert' || workload === 'small' ? 'insert' : 'upsert';
      return { file: python, args: [script, library, mode, file, table, url], cwd: target.folder };
    },
  };
}

/** The binary that a variable of the environment names; undefined where there is none. */
export function namedBinary(variable: string): string | undefined {
  const file = process.env[variable];
  return file !== undefined && existsSync(file) ? file : undefined;
}
