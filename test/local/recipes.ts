import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { localDsqlVariables } from '../../lib/local/sign-in.ts';
import type { LocalServer } from './local-server.ts';

const run = promisify(execFile);

/** The repository, as a project that installs it sees it. */
export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** The code below a heading of docs/local-dsql.md. */
export function recipe(heading: string): string {
  const text = readFileSync(new URL('../../docs/local-dsql.md', import.meta.url), 'utf8');
  const section = text.split(/^### /m).find((part) => part.startsWith(`${heading}\n`));
  const code = /```\w+\n([\s\S]*?)```/.exec(section ?? '')?.[1];
  if (code === undefined) throw new Error(`docs/local-dsql.md has no recipe for ${heading}`);
  return code;
}

/** What a program prints that is started with the variables of `etl local env`. */
export async function printed(
  server: LocalServer,
  command: string,
  args: readonly string[],
  folder: string,
): Promise<string> {
  const variables = await localDsqlVariables(server.stateDir, server.hold.endpoint);
  const env = { ...process.env, ...variables };
  const { stdout } = await run(command, [...args], { env, cwd: folder });
  return stdout.trim();
}
