import type { Region, Thing } from './cloud.ts';
import { RefusedError } from './errors.ts';
import type { Identity } from './identities.ts';

/** What the service behind a type of resource refuses, as far as it can surprise a deployment. */
export interface ServiceRule {
  /** @throws {RefusedError} where the service would not make or change the resource so */
  readonly check?: (thing: Thing, region: Region, former: Thing | undefined) => void;
  /** An identity that the service gives, e.g. a number. */
  readonly identify?: (thing: Thing, region: Region) => Identity;
  /** After the resource is there, changed or gone; `former` is what was there before. */
  readonly keep?: (thing: Thing | undefined, region: Region, former: Thing | undefined) => void;
  /** @throws {RefusedError} where the service would not delete it */
  readonly remove?: (thing: Thing, region: Region) => void;
  /** Whether CloudFormation may go on; it waits until this is so. */
  readonly settled?: (thing: Thing, region: Region) => boolean;
}

/** @throws {RefusedError} where something does not hold */
export function demand(holds: boolean, reason: string): void {
  if (!holds) throw new RefusedError(reason);
}
