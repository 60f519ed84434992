import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const runFile = promisify(execFile);

/** Runs a script of this folder in a process of its own, with a job as JSON, and gives what it prints as JSON. */
export async function inProcess<T>(script: string, job: unknown): Promise<T> {
  const file = fileURLToPath(new URL(`./${script}.js`, import.meta.url));
  const { stdout } = await runFile(process.execPath, [file, JSON.stringify(job)], { maxBuffer: 1 << 20 });
  return JSON.parse(stdout) as T;
}
