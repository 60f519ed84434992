import type { Region, Thing } from './cloud.ts';
import { dependenciesOf, deployOrder, inOrder } from './deploy-order.ts';
import { RefusedError } from './errors.ts';
import { givenName } from './identities.ts';
import { CustomFailure, create, remove, settle, update, type Wanted } from './provision.ts';
import { changedProperties, replacedBy } from './resource-spec.ts';
import { isCustom, type Template } from './template.ts';

/** What happened to a resource, as the events of a stack say it. */
export interface StackEvent {
  readonly logicalId: string;
  readonly status: string;
  readonly reason?: string;
}

/** What has been done by an operation so far, to be taken back if it fails. */
export interface Changes {
  /** By logical id, as it is now. */
  readonly things: Map<string, Thing>;
  readonly made: Thing[];
  /** As they were and as they were to be, in the order in which they were changed. */
  readonly changed: { readonly former: Thing; readonly wanted: Wanted }[];
  /** Replaced ones, which are deleted when everything else has succeeded. */
  readonly replaced: Thing[];
  readonly events: StackEvent[];
}

export function noChanges(things: ReadonlyMap<string, Thing> = new Map()): Changes {
  return { things: new Map(things), made: [], changed: [], replaced: [], events: [] };
}

/** Makes, changes or replaces one resource, so that it is as wanted. */
export async function bring(wanted: Wanted, region: Region, changes: Changes): Promise<void> {
  const { changed, events, made, replaced, things } = changes;
  const { logicalId, type } = wanted;
  const former = things.get(logicalId);
  try {
    if (former === undefined) {
      const thing = await create(wanted, region);
      made.push(thing);
      things.set(logicalId, thing);
      events.push({ logicalId, status: 'CREATE_COMPLETE' });
      return await settle(thing, region);
    }
    const differing = changedProperties(former.properties, wanted.properties);
    // Policies are no properties; they count for what comes.
    things.set(logicalId, {
      ...former,
      deletionPolicy: wanted.deletionPolicy,
      updateReplacePolicy: wanted.updateReplacePolicy,
    });
    if (differing.length === 0) return;
    const causes = isCustom(type) ? [] : replacedBy(type, differing);
    if (causes.length === 0) {
      if (isCustom(type) && differing.includes('ServiceToken')) {
        throw new RefusedError('Modifying service token is not allowed.');
      }
      changed.push({ former, wanted });
      const thing = await update(former, wanted, region);
      things.set(logicalId, thing);
      if (thing.ref !== former.ref) replaced.push(former);
      events.push({ logicalId, status: 'UPDATE_COMPLETE' });
      return await settle(thing, region);
    }
    refuseNamed(former, wanted);
    const thing = await create(wanted, region);
    made.push(thing);
    replaced.push(former);
    things.set(logicalId, thing);
    events.push({ logicalId, status: 'REPLACED', reason: causes.join() });
    await settle(thing, region);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    if (error instanceof CustomFailure && former === undefined) {
      region.put(error.thing);
      made.push(error.thing);
    }
    events.push({ logicalId, status: former === undefined ? 'CREATE_FAILED' : 'UPDATE_FAILED', reason: error.message });
    throw error;
  }
}

function refuseNamed(former: Thing, wanted: Wanted): void {
  const name = givenName(wanted.type, wanted.properties);
  if (name === undefined || name !== givenName(former.type, former.properties)) return;
  throw new RefusedError(
    `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${name} and update the stack again.`,
  );
}

/** Deletes resources, each before what it depends on; a policy may keep them. Gives those that could not be deleted. */
export async function removeAll(
  doomed: readonly Thing[],
  {
    events,
    keeps,
    region,
    template,
  }: {
    readonly template: Template;
    readonly region: Region;
    readonly keeps: (thing: Thing) => boolean;
    readonly events: StackEvent[];
  },
): Promise<readonly Thing[]> {
  const left: Thing[] = [];
  for (const thing of backwards(template, doomed)) {
    const { logicalId } = thing;
    if (keeps(thing)) {
      events.push({ logicalId, status: 'DELETE_SKIPPED' });
      continue;
    }
    const needed = left.find((one) => {
      const resource = template.Resources[one.logicalId];
      return resource !== undefined && one.logicalId !== logicalId && dependenciesOf(resource).has(logicalId);
    });
    try {
      if (needed !== undefined) throw new RefusedError(`${needed.logicalId} needs it and is still there`);
      await remove(thing, region);
      events.push({ logicalId, status: 'DELETE_COMPLETE' });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      left.push(thing);
      events.push({ logicalId, status: 'DELETE_FAILED', reason: error.message });
    }
  }
  return left;
}

/** Resources of a template, the last in its order first; those that it does not have come before. */
function backwards(template: Template, things: readonly Thing[]): readonly Thing[] {
  const order = deployOrder(template.Resources, inOrder);
  const place = ({ logicalId }: Thing): number => {
    const index = order.indexOf(logicalId);
    return index < 0 ? order.length : index;
  };
  return [...things].sort((a, b) => place(b) - place(a));
}
