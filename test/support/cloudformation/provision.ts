import type { CustomRequest, Region, Thing } from './cloud.ts';
import { RefusedError } from './errors.ts';
import { generatedName, givenName, kindOf } from './identities.ts';
import { accessRules } from './rules-access.ts';
import { functionOf, lambdaRules } from './rules-lambda.ts';
import { runningRules } from './rules-running.ts';
import { storageRules } from './rules-storage.ts';
import type { ServiceRule } from './service-rule.ts';
import { isCustom, type Properties } from './template.ts';

/** What services refuse, by type; a type without an entry has nothing that could surprise a deployment. */
const rules: Readonly<Record<string, ServiceRule>> = {
  ...accessRules,
  ...lambdaRules,
  ...runningRules,
  ...storageRules,
};

/** A resource that is to be made. */
export type Wanted = Pick<
  Thing,
  'type' | 'logicalId' | 'stack' | 'properties' | 'deletionPolicy' | 'updateReplacePolicy'
>;

/** A resource of a custom type, whose making failed, with the id that is told when it is deleted. */
export class CustomFailure extends RefusedError {
  readonly thing: Thing;

  constructor(reason: string, thing: Thing) {
    super(reason);
    this.thing = thing;
  }
}

/**
 * Makes a resource.
 *
 * @throws {RefusedError} where the service refuses, and nothing is there
 * @throws {CustomFailure} where the function of a custom resource failed; something may be there
 */
export async function create(wanted: Wanted, region: Region): Promise<Thing> {
  reach(region, wanted.logicalId);
  if (isCustom(wanted.type)) return await createCustom(wanted, region);
  const { cloud } = region;
  const given = givenName(wanted.type, wanted.properties);
  cloud.names += given === undefined ? 1 : 0;
  const name = given ?? generatedName(wanted.type, wanted.stack, wanted.logicalId, cloud.names);
  const kind = kindOf(wanted.type);
  const { longest = Number.POSITIVE_INFINITY } = kind;
  if (name.length > longest) throw new RefusedError(`${name} is longer than ${longest} characters`);
  const { account, endpoint } = cloud;
  const place = { account, endpoint, region: region.name, name, properties: wanted.properties };
  const thing: Thing = { ...wanted, ...kind.identity(place) };
  refuseTwin(thing, region);
  rules[thing.type]?.check?.(thing, region, undefined);
  const identity = rules[thing.type]?.identify?.(thing, region);
  const made = { ...thing, ...identity };
  region.put(made);
  return made;
}

function reach(region: Region, logicalId: string): void {
  region.reach();
  const reason = region.refuses(logicalId);
  if (reason !== undefined) throw new RefusedError(reason);
}

function refuseTwin(thing: Thing, region: Region): void {
  const places = kindOf(thing.type).global === true ? region.cloud.regions : [region];
  const twin = places.flatMap((one) => one.find(thing.type, thing.ref) ?? [])[0];
  if (twin !== undefined) throw new RefusedError(`${thing.ref} already exists (${thing.type}, of stack ${twin.stack})`);
}

/** Changes a resource in place; it keeps what it is known by. */
export async function update(former: Thing, wanted: Wanted, region: Region): Promise<Thing> {
  reach(region, wanted.logicalId);
  const thing: Thing = { ...former, ...wanted };
  if (!isCustom(thing.type)) {
    rules[thing.type]?.check?.(thing, region, former);
    region.put(thing);
    return thing;
  }
  const answer = await ask(region, thing, {
    RequestType: 'Update',
    PhysicalResourceId: former.ref,
    OldResourceProperties: former.properties,
  });
  const changed = { ...thing, ref: answer.PhysicalResourceId ?? former.ref, attributes: answer.Data ?? {} };
  region.take(former);
  region.put(changed);
  return changed;
}

/**
 * Deletes a resource.
 *
 * @throws {RefusedError} where the service refuses, and it is still there
 */
export async function remove(thing: Thing, region: Region): Promise<void> {
  region.reach();
  if (isCustom(thing.type)) await ask(region, thing, { RequestType: 'Delete', PhysicalResourceId: thing.ref });
  else rules[thing.type]?.remove?.(thing, region);
  region.take(thing);
  rules[thing.type]?.keep?.(undefined, region, thing);
}

/** How often others get their turn before a resource is given up that waits for something. */
const patience = 10_000;

/** @throws {RefusedError} where what it waits for does not come */
export async function settle(thing: Thing, region: Region): Promise<void> {
  const { settled } = rules[thing.type] ?? {};
  for (let turn = 0; settled !== undefined && !settled(thing, region); turn += 1) {
    if (turn > patience) throw new RefusedError(`Exceeded attempts to wait: ${thing.logicalId} did not stabilize`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function createCustom(wanted: Wanted, region: Region): Promise<Thing> {
  region.cloud.names += 1;
  const before: Thing = { ...wanted, ref: `${wanted.stack}-${wanted.logicalId}-${region.cloud.names}`, attributes: {} };
  const { Data, PhysicalResourceId } = await ask(region, before, { RequestType: 'Create' });
  const made = { ...before, ref: PhysicalResourceId ?? before.ref, attributes: Data ?? {} };
  region.put(made);
  return made;
}

async function ask(
  region: Region,
  thing: Thing,
  request: Pick<CustomRequest, 'RequestType' | 'PhysicalResourceId' | 'OldResourceProperties'>,
) {
  const fn = functionOf(region, thing.properties.ServiceToken);
  if (fn === undefined) throw new RefusedError(`Function not found: ${String(thing.properties.ServiceToken)}`);
  const answer = await region.cloud.callCustom(
    fn,
    {
      ...request,
      LogicalResourceId: thing.logicalId,
      ResourceType: thing.type,
      ResourceProperties: asTexts(thing.properties) as Properties,
      ...(request.OldResourceProperties === undefined
        ? {}
        : { OldResourceProperties: asTexts(request.OldResourceProperties) as Properties }),
    },
    region,
  );
  if (answer === undefined)
    throw new CustomFailure('CloudFormation did not receive a response from your Custom Resource', thing);
  if (answer.Status !== 'SUCCESS') {
    const known = { ...thing, ref: answer.PhysicalResourceId ?? thing.ref };
    throw new CustomFailure(
      `Received response status [FAILED] from custom resource. Message returned: ${answer.Reason}`,
      known,
    );
  }
  return answer;
}

/** CloudFormation sends numbers and booleans of a custom resource's properties as texts. */
function asTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asTexts);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, asTexts(one)]));
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}
