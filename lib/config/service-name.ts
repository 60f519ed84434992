import { createHash } from 'node:crypto';
import type { Config } from './config.ts';

/** Letters of a stack's name that a pipeline's may add. */
const shortNameLength = 24;

/** A pipeline's name in small letters, digits and hyphens; with a digest where another stack could come out the same. */
export function shortName(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  if (plain === name && plain.length <= shortNameLength && plain !== 'cluster') return plain;
  const start = plain.slice(0, shortNameLength - 9).replace(/-$/, '');
  return [start, digestOf(name)].filter((part) => part !== '').join('-');
}

/** Eight digits that tell names apart. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** The service that runs a pipeline in a stage, e.g. `dsql-etl-dev`; its state machine and dashboard have this name. */
export function serviceNameOf({ deploy }: Pick<Config, 'deploy'>, stage: string, pipeline: string): string {
  const suffix = deploy.isolation === 'pipeline' ? `-${shortName(pipeline)}` : '';
  return `${deploy.name}-${stage}${suffix}`;
}
