import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, constants, copyFile, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore } from '../object-store.ts';
import { privateFileMode, privateFolderMode } from '../private-folder.ts';
import { keyPath } from './key-path.ts';

/**
 * The folder that stands in for the staging bucket. A put writes beside the object, syncs, and renames, so an object is
 * whole or not there, also after a crash. Folders and files are readable by their owner alone.
 */
export function folderStore(root: string): ObjectStore {
  const pathOf = (key: string): string => keyPath(root, key);
  const make = async (key: string): Promise<string> => {
    const file = pathOf(key);
    await mkdir(path.dirname(file), { recursive: true, mode: privateFolderMode });
    return file;
  };
  return {
    put: async (key, body) => {
      const file = await make(key);
      const beside = `${file}.${process.pid}.new`;
      const handle = await open(beside, 'w', privateFileMode);
      try {
        await handle.writeFile(body);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(beside, file);
      await syncFolder(path.dirname(file));
    },
    putFile: async (key, localPath) => {
      const file = await make(key);
      await syncFile(localPath);
      try {
        await rename(localPath, file);
        await syncFolder(path.dirname(file));
      } catch {
        // Another file system: copy beside first, so that the object still appears whole.
        const beside = `${file}.${process.pid}.new`;
        await copyFile(localPath, beside, constants.COPYFILE_FICLONE);
        await chmod(beside, privateFileMode);
        await syncFile(beside);
        await rename(beside, file);
        await syncFolder(path.dirname(file));
        await rm(localPath, { force: true });
      }
    },
    get: async (key) => {
      try {
        return await readFile(pathOf(key));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    getRange: async (key, from, to) => {
      const handle = await open(pathOf(key), 'r');
      try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - from), 0, to - from, from);
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
    localPath: async (key) => {
      const file = pathOf(key);
      await stat(file);
      return file;
    },
    copyRange: async (key, from, to, localPath) => {
      const bytes = createReadStream(pathOf(key), { start: from, end: to - 1 });
      await pipeline(bytes, createWriteStream(localPath, { mode: privateFileMode }));
    },
    localFolder: pathOf,
    scratchPath: async (key) => `${await make(key)}.${process.pid}.part`,
    removeAll: async (prefix) => {
      await rm(pathOf(prefix), { recursive: true, force: true });
    },
  };
}

/** Makes names last that were given in a folder; where the system cannot, they last when it says so. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
