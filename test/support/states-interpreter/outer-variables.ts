import { UnknownFeatureError } from './errors.ts';

/**
 * Refuses expressions in a distributed map that name variables of the states around it: a child execution has none of
 * them (Developer Guide, "Passing data between states with variables", variable scope).
 *
 * @param outer  states beside the map
 * @param inner  states of the map's processor
 * @throws {UnknownFeatureError}
 */
export function refuseOuterVariables(name: string, outer: object, inner: object): void {
  const own = assigned(inner);
  const used = JSON.stringify(inner);
  const odd = [...assigned(outer)].find(
    (variable) => !own.has(variable) && new RegExp(`\\$${variable}(?![A-Za-z0-9_])`).test(used),
  );
  if (odd !== undefined) throw new UnknownFeatureError(`${name} uses $${odd} of the states around it`);
}

/** Names of the variables that states, their catches and choices assign. */
function assigned(states: object): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'Assign' && typeof value === 'object' && value !== null)
        for (const name of Object.keys(value)) names.add(name);
      // What a map assigns inside is not known outside.
      if (key !== 'ItemProcessor') visit(value);
    }
  };
  visit(states);
  return names;
}
