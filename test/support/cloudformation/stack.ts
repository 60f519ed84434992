import { checkTemplate } from './check-template.ts';
import type { Region, Stack, Thing } from './cloud.ts';
import { deployOrder, inOrder, type Pick } from './deploy-order.ts';
import { RefusedError, ValidationError } from './errors.ts';
import { evaluate, type Scope } from './evaluate.ts';
import { update, type Wanted } from './provision.ts';
import { bring, type Changes, noChanges, removeAll, type StackEvent } from './stack-changes.ts';
import { type StackScope, stackScope } from './stack-scope.ts';
import { type DeletionPolicy, isRecord, type Template } from './template.ts';

export interface StackRequest {
  readonly name: string;
  readonly template: Template;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly terminationProtection?: boolean;
  /** Which of the resources that could be next is; the order of the template where nothing is said. */
  readonly pick?: Pick;
}

/** How an operation on a stack ended. */
export interface StackOutcome {
  /** As CloudFormation calls it, e.g. `UPDATE_ROLLBACK_COMPLETE`. */
  readonly status: string;
  /** Why it failed. */
  readonly reason?: string;
  readonly events: readonly StackEvent[];
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Creates or updates a stack as `cdk deploy` lets CloudFormation do it; what a failed first deployment left of a stack
 * is deleted before.
 *
 * @throws {ValidationError} where the request is refused and nothing was touched
 */
export async function deployStack(region: Region, request: StackRequest): Promise<StackOutcome> {
  region.reach();
  const former = region.stacks.get(request.name);
  if (former?.status === 'ROLLBACK_COMPLETE') region.stacks.delete(request.name);
  else if (former !== undefined && !/^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(former.status)) {
    throw new ValidationError([`Stack:${request.name} is in ${former.status} state and can not be updated.`]);
  }
  const before = region.stacks.get(request.name);
  checkTemplate(request.template);
  if (before !== undefined) checkTypes(before.template, request.template);
  const changes = noChanges(before?.things);
  const scope = stackScope(request.template, {
    ...request,
    given: request.parameters ?? {},
    region,
    things: changes.things,
  });
  try {
    await apply(region, request, scope, changes);
    const told = tell(request.template, scope, region, request.name);
    const stack: Stack = {
      name: request.name,
      status: before === undefined ? 'CREATE_COMPLETE' : 'UPDATE_COMPLETE',
      template: request.template,
      terminationProtection: request.terminationProtection ?? false,
      things: changes.things,
      imports: scope.imports,
      ...told,
    };
    region.stacks.set(request.name, stack);
    await cleanUp(region, request, before, changes);
    return { status: stack.status, events: changes.events, outputs: stack.outputs };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return await rollBack(region, request, before, changes, error.message);
  }
}

async function apply(region: Region, request: StackRequest, scope: StackScope, changes: Changes): Promise<void> {
  const { name, pick = inOrder, template } = request;
  for (const logicalId of deployOrder(template.Resources, pick)) {
    const resource = template.Resources[logicalId];
    if (resource === undefined || !isWanted(resource.Condition, scope)) continue;
    const properties = evaluate(resource.Properties ?? {}, scope);
    const wanted: Wanted = {
      type: resource.Type,
      logicalId,
      stack: name,
      properties: isRecord(properties) ? properties : {},
      deletionPolicy: resource.DeletionPolicy ?? 'Delete',
      updateReplacePolicy: resource.UpdateReplacePolicy ?? 'Delete',
    };
    await bring(wanted, region, changes);
  }
}

const isWanted = (condition: string | undefined, scope: Scope): boolean =>
  condition === undefined || scope.condition(condition);

/** @throws {ValidationError} where a resource would become one of another type */
function checkTypes(former: Template, template: Template): void {
  const changed = Object.entries(template.Resources).filter(
    ([id, { Type }]) => former.Resources[id] !== undefined && former.Resources[id].Type !== Type,
  );
  if (changed.length === 0) return;
  throw new ValidationError([`Update of resource type is not permitted: [${changed.map(([id]) => id).join(', ')}]`]);
}

/** Outputs and exports. */
function tell(
  template: Template,
  scope: StackScope,
  region: Region,
  stack: string,
): { readonly outputs: Readonly<Record<string, string>>; readonly exports: ReadonlyMap<string, string> } {
  const outputs: Record<string, string> = {};
  const exports = new Map<string, string>();
  for (const [id, { Condition, Export, Value }] of Object.entries(template.Outputs ?? {})) {
    if (!isWanted(Condition, scope)) continue;
    const value = String(evaluate(Value, scope));
    outputs[id] = value;
    if (Export === undefined) continue;
    const name = String(evaluate(Export.Name, scope));
    const owner = [...region.stacks.values()].find((one) => one.name !== stack && one.exports.has(name));
    if (owner !== undefined)
      throw new RefusedError(`Export with name ${name} is already exported by stack ${owner.name}`);
    exports.set(name, value);
  }
  for (const [name, value] of region.stacks.get(stack)?.exports ?? []) {
    const [user] = region.importers(name);
    if (user === undefined || exports.get(name) === value) continue;
    const what = exports.has(name) ? 'updated' : 'deleted';
    throw new RefusedError(`Export ${name} cannot be ${what} as it is in use by ${user}`);
  }
  return { outputs, exports };
}

/** Deletes what was replaced, and what the template has no more. What cannot be deleted stays and is nobody's. */
async function cleanUp(
  region: Region,
  { template }: StackRequest,
  before: Stack | undefined,
  { events, replaced, things }: Changes,
): Promise<void> {
  const gone = [...(before?.things.values() ?? [])].filter(({ logicalId }) => !(logicalId in template.Resources));
  for (const { logicalId } of gone) things.delete(logicalId);
  const keeps = (thing: Thing): boolean =>
    isKept(replaced.includes(thing) ? thing.updateReplacePolicy : thing.deletionPolicy);
  await removeAll([...replaced, ...gone], { template: before?.template ?? template, region, events, keeps });
}

const isKept = (policy: DeletionPolicy): boolean => policy === 'Retain' || policy === 'RetainExceptOnCreate';

/** Brings back what was changed, in its order, and deletes what was made. */
async function rollBack(
  region: Region,
  { name, template, terminationProtection = false }: StackRequest,
  before: Stack | undefined,
  { changed, events, made }: Changes,
  reason: string,
): Promise<StackOutcome> {
  const failures: string[] = [];
  const refuses = region.refuses;
  // What failed on purpose on the way there does not fail on the way back.
  region.refuses = () => undefined;
  for (const { former, wanted } of changed) {
    try {
      await update({ ...former, ...wanted }, former, region);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      failures.push(error.message);
      events.push({ logicalId: former.logicalId, status: 'UPDATE_FAILED', reason: error.message });
    }
  }
  // RetainExceptOnCreate deletes what the failing operation itself has made; Retain does not.
  const keeps = ({ deletionPolicy }: Thing): boolean => deletionPolicy === 'Retain';
  const left = await removeAll(made, { template, region, events, keeps });
  region.refuses = refuses;
  failures.push(...left.map(({ logicalId }) => `${logicalId} could not be deleted`));
  const prefix = before === undefined ? 'ROLLBACK' : 'UPDATE_ROLLBACK';
  const status = `${prefix}_${failures.length === 0 ? 'COMPLETE' : 'FAILED'}`;
  const nothing = {
    template,
    terminationProtection,
    outputs: {},
    exports: new Map<string, string>(),
    imports: new Set<string>(),
  };
  const remains =
    before === undefined ? { ...nothing, name, things: new Map(left.map((one) => [one.logicalId, one])) } : before;
  region.stacks.set(name, { ...remains, status });
  return { status, reason, events, outputs: remains.outputs };
}

/**
 * Deletes a stack with everything that no policy keeps.
 *
 * @throws {ValidationError} where it is protected, or another stack imports from it
 */
export async function deleteStack(region: Region, name: string): Promise<StackOutcome> {
  region.reach();
  const stack = region.stacks.get(name);
  if (stack === undefined) throw new ValidationError([`Stack with id ${name} does not exist`]);
  if (stack.terminationProtection)
    throw new ValidationError([`Stack [${name}] cannot be deleted while TerminationProtection is enabled`]);
  for (const exported of stack.exports.keys()) {
    const [user] = region.importers(exported);
    if (user !== undefined)
      throw new ValidationError([`Export ${exported} cannot be deleted as it is in use by ${user}`]);
  }
  const events: StackEvent[] = [];
  const keeps = ({ deletionPolicy }: Thing): boolean => isKept(deletionPolicy);
  const left = await removeAll([...stack.things.values()], { template: stack.template, region, events, keeps });
  if (left.length === 0) {
    region.stacks.delete(name);
    return { status: 'DELETE_COMPLETE', events, outputs: {} };
  }
  region.stacks.set(name, {
    ...stack,
    status: 'DELETE_FAILED',
    things: new Map(left.map((one) => [one.logicalId, one])),
  });
  return {
    status: 'DELETE_FAILED',
    reason: `The following resource(s) failed to delete: [${left.map(({ logicalId }) => logicalId).join(', ')}]`,
    events,
    outputs: {},
  };
}
