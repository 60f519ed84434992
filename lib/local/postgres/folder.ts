import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where one local DSQL keeps its things. */
export interface LocalFolder {
  readonly root: string;
  readonly data: string;
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly credentialsFile: string;
  /** What runs now: written by the server when it is ready, removed when it stops. */
  readonly stateFile: string;
  readonly lockFile: string;
  readonly logFile: string;
  /** Sockets live in a short folder of their own, for a socket's path may have about 100 bytes. */
  readonly sockets: string;
}

/** The layout under `<stateDir>/local`. */
export function localFolder(stateDir: string): LocalFolder {
  const root = join(resolve(stateDir), 'local');
  const mark = createHash('sha256').update(root).digest('hex').slice(0, 12);
  return {
    root,
    data: join(root, 'pgdata'),
    caFile: join(root, 'ca.pem'),
    certificateFile: join(root, 'server.pem'),
    keyFile: join(root, 'server-key.pem'),
    credentialsFile: join(root, 'credentials.json'),
    stateFile: join(root, 'server.json'),
    lockFile: join(root, 'start.lock'),
    logFile: join(root, 'server.log'),
    sockets: join(process.platform === 'win32' ? tmpdir() : '/tmp', `dsql-etl-${process.getuid?.() ?? 0}-${mark}`),
  };
}
