import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { TargetCluster } from './cluster.ts';
import { ClustersUnknownError } from './errors.ts';

/** What `cdk deploy --outputs-file` wrote of the two cluster stacks. */
const outputsSchema = z.record(z.string(), z.record(z.string(), z.string()));

/**
 * The clusters of the pair in the order of their Regions, from the outputs of the first pass; undefined before it. They
 * are known by value, so that a service in one Region needs nothing of the other to be deployed.
 *
 * @throws {ClustersUnknownError} when the file is there but not of both stacks
 */
export function readPeers(
  file: string,
  regions: readonly string[],
  stackNameOf: (region: string) => string,
): readonly TargetCluster[] | undefined {
  if (!existsSync(file)) return undefined;
  const parsed = outputsSchema.safeParse(parseJson(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new ClustersUnknownError(file, 'is not an outputs file');
  return regions.map((region) => {
    const name = stackNameOf(region);
    const output = (key: string): string => {
      const value = parsed.data[name]?.[key];
      if (value === undefined) throw new ClustersUnknownError(file, `has no ${key} of ${name}`);
      return value;
    };
    return {
      region,
      arn: output('ClusterArn'),
      hostname: output('ClusterEndpoint'),
      identifier: output('ClusterIdentifier'),
    };
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
