import { ValidationError } from './errors.ts';
import { referencesOf } from './references.ts';
import type { Template, TemplateResource } from './template.ts';

/** Logical ids in an order. */
export type Order = readonly string[];

/** Picks one of the resources that could be next; CloudFormation begins all of them at once. */
export type Pick = (ready: readonly string[]) => string;

/** What a resource needs to be there before it. */
export function dependenciesOf(resource: TemplateResource): ReadonlySet<string> {
  const { DependsOn = [], Properties } = resource;
  const named = typeof DependsOn === 'string' ? [DependsOn] : DependsOn;
  const referred = referencesOf(Properties).filter(({ kind }) => kind === 'Ref' || kind === 'GetAtt');
  return new Set([...named, ...referred.map(({ id }) => id)]);
}

/**
 * One order in which CloudFormation may make the resources: each after what it refers to and depends on. Where several
 * could be next, `pick` chooses, so that a dependency that is missing can be found by trying other orders.
 *
 * @throws {ValidationError} naming the resources of a circle
 */
export function deployOrder(resources: Template['Resources'], pick: Pick): Order {
  const waiting = new Map(
    Object.entries(resources).map(([id, resource]) => {
      const needs = [...dependenciesOf(resource)].filter((one) => resources[one] !== undefined && one !== id);
      // A resource that refers to itself waits for itself.
      return [id, new Set(dependenciesOf(resource).has(id) ? [...needs, id] : needs)] as const;
    }),
  );
  const order: string[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, needs]) => needs.size === 0).map(([id]) => id);
    if (ready.length === 0)
      throw new ValidationError([`Circular dependency between resources: [${[...waiting.keys()].join(', ')}]`]);
    const next = pick(ready);
    order.push(next);
    waiting.delete(next);
    for (const needs of waiting.values()) needs.delete(next);
  }
  return order;
}

/** The order in which the template names them. */
export const inOrder: Pick = ([first = '']) => first;

/** Another order for each seed. */
export function shuffled(seed: number): Pick {
  let state = seed * 2_654_435_761 + 1;
  return (ready) => {
    // A linear congruential generator (Numerical Recipes); what matters is that a seed repeats its order.
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return ready[Math.floor((state / 4_294_967_296) * ready.length)] ?? '';
  };
}
