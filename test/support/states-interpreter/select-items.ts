import { StatesError, UnknownFeatureError } from './errors.ts';
import { evaluate, type Scope } from './evaluate.ts';
import { type Item, type ItemReader, readItems } from './item-reader.ts';
import type { MapObjects } from './map-objects.ts';

/** The part of a Map state that says what its items are. */
export interface ItemFields {
  readonly Items?: unknown;
  readonly ItemReader?: ItemReader;
  readonly ItemSelector?: unknown;
}

/**
 * The items of a map as its iterations get them: from ItemReader, else Items, else the state's input, each made over by
 * ItemSelector with its place and value in `$states.context.Map.Item` (Developer Guide, "Context object data for Map
 * states").
 *
 * @param inside  the state's variables, `states` among them
 * @throws {StatesError} as `readItems`; States.QueryEvaluationError where Items is no list
 */
export async function selectItems(
  fields: ItemFields,
  inside: Scope,
  objects: MapObjects | undefined,
): Promise<readonly unknown[]> {
  const items = fields.ItemReader === undefined ? await given(fields, inside) : await reading(fields, inside, objects);
  if (fields.ItemSelector === undefined) return items.map(({ value }) => value);
  const states = inside.states as { readonly context: object };
  const selected: unknown[] = [];
  for (const [Index, { source, value }] of items.entries()) {
    const context = { ...states.context, Map: { Item: { Index, Value: value, Source: source } } };
    selected.push(await evaluate(fields.ItemSelector, { ...inside, states: { ...states, context } }));
  }
  return selected;
}

async function reading(
  { ItemReader }: ItemFields,
  inside: Scope,
  objects: MapObjects | undefined,
): Promise<readonly Item[]> {
  return await readItems(ItemReader as ItemReader, inside, objects);
}

async function given({ Items }: ItemFields, inside: Scope): Promise<readonly Item[]> {
  const states = inside.states as { readonly input: unknown };
  const items = Items === undefined ? states.input : await evaluate(Items, inside);
  if (Array.isArray(items)) return items.map((value: unknown) => ({ value, source: 'STATE_DATA' }));
  if (typeof items === 'object' && items !== null)
    throw new UnknownFeatureError('An object whose keys and values are the items');
  throw new StatesError('States.QueryEvaluationError', 'Items is not a list');
}
