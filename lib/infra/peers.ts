import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { ClustersUnknownError } from './errors.ts';

/** What `cdk deploy --outputs-file` wrote of the two cluster stacks. */
const outputsSchema = z.record(z.string(), z.record(z.string(), z.string()));

/**
 * The ARNs of the pair, from the outputs of the first pass; undefined before it.
 *
 * @throws {ClustersUnknownError} when the file is there but not of both stacks
 */
export function readPeers(file: string, stackNames: readonly string[]): readonly string[] | undefined {
  if (!existsSync(file)) return undefined;
  const parsed = outputsSchema.safeParse(parseJson(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new ClustersUnknownError(file, 'is not an outputs file');
  return stackNames.map((name) => {
    const arn = parsed.data[name]?.ClusterArn;
    if (arn === undefined) throw new ClustersUnknownError(file, `has no ClusterArn of ${name}`);
    return arn;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
