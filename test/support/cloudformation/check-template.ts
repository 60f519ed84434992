import { deployOrder, inOrder } from './deploy-order.ts';
import { ValidationError } from './errors.ts';
import { referencesOf } from './references.ts';
import { hasAttribute, isKnownType } from './resource-spec.ts';
import { isCustom, type Template } from './template.ts';

/** CloudFormation user guide, "CloudFormation quotas". */
const limits = { Resources: 500, Parameters: 200, Outputs: 200, Mappings: 200 } as const;
const maxTemplateBytes = 1_000_000;

const pseudoParameters = new Set([
  'AWS::AccountId',
  'AWS::NoValue',
  'AWS::NotificationARNs',
  'AWS::Partition',
  'AWS::Region',
  'AWS::StackId',
  'AWS::StackName',
  'AWS::URLSuffix',
]);

/**
 * What CloudFormation looks at before it touches anything: names that are there, functions and types that it knows, no
 * circles, and its quotas.
 *
 * @throws {ValidationError} with every problem
 */
export function checkTemplate(template: Template): void {
  const problems = [...ofQuotas(template), ...ofTypes(template), ...ofReferences(template), ...ofConditions(template)];
  if (problems.length > 0) throw new ValidationError(problems);
  deployOrder(template.Resources, inOrder);
}

function* ofQuotas(template: Template): Iterable<string> {
  const bytes = Buffer.byteLength(JSON.stringify(template));
  if (bytes > maxTemplateBytes) yield `Template may not exceed ${maxTemplateBytes} bytes in size, and has ${bytes}`;
  if (Object.keys(template.Resources).length === 0) yield 'At least one Resources member must be defined';
  for (const [section, most] of Object.entries(limits)) {
    const count = Object.keys(template[section as keyof typeof limits] ?? {}).length;
    if (count > most) yield `Number of ${section}, ${count}, is greater than maximum allowed, ${most}`;
  }
  for (const section of Object.keys(limits)) {
    for (const id of Object.keys(template[section as keyof typeof limits] ?? {})) {
      if (!/^[A-Za-z0-9]{1,255}$/.test(id)) yield `${section} name ${id} is non alphanumeric`;
    }
  }
}

function* ofTypes({ Resources }: Template): Iterable<string> {
  for (const [id, { Type }] of Object.entries(Resources)) {
    if (!isCustom(Type) && !isKnownType(Type)) yield `Unrecognized resource types: [${Type}] of ${id}`;
    if (isCustom(Type) && Resources[id]?.Properties?.ServiceToken === undefined) yield `${id} has no ServiceToken`;
  }
}

function* ofReferences(template: Template): Iterable<string> {
  const { Conditions = {}, Outputs = {}, Parameters = {}, Resources } = template;
  const places = [
    ...Object.entries(Resources).map(([id, { Properties }]) => [`Resources.${id}`, Properties] as const),
    ...Object.entries(Outputs).map(([id, { Export, Value }]) => [`Outputs.${id}`, [Value, Export?.Name]] as const),
  ];
  for (const [place, value] of places) {
    const unknown: string[] = [];
    for (const { attribute = '', id, kind } of referencesOf(value, (name) => unknown.push(name))) {
      const target = Resources[id];
      if (kind === 'Condition' && Conditions[id] === undefined) yield `${place}: unresolved condition dependency ${id}`;
      if (kind === 'FindInMap' && template.Mappings?.[id] === undefined) yield `${place}: there is no mapping ${id}`;
      if (kind === 'Ref' && target === undefined && Parameters[id] === undefined && !pseudoParameters.has(id)) {
        yield `${place}: Unresolved resource dependencies [${id}]`;
      }
      if (kind !== 'GetAtt') continue;
      if (target === undefined) yield `${place}: Fn::GetAtt references undefined resource ${id}`;
      else if (!isCustom(target.Type) && !hasAttribute(target.Type, attribute)) {
        yield `${place}: resource ${id} (${target.Type}) does not support attribute type ${attribute} in Fn::GetAtt`;
      }
    }
    for (const name of unknown) yield `${place}: unknown function ${name}`;
  }
  for (const [id, { DependsOn = [] }] of Object.entries(Resources)) {
    for (const one of typeof DependsOn === 'string' ? [DependsOn] : DependsOn) {
      if (Resources[one] === undefined) yield `Resources.${id}: Unresolved resource dependencies [${one}]`;
    }
  }
}

function* ofConditions({ Conditions = {}, Outputs = {}, Resources }: Template): Iterable<string> {
  for (const [id, { Condition }] of [...Object.entries(Resources), ...Object.entries(Outputs)]) {
    if (Condition !== undefined && Conditions[Condition] === undefined) {
      yield `${id}: Unresolved dependencies [${Condition}]. Cannot reference conditions in the Conditions block of the template`;
    }
  }
  for (const [name, value] of Object.entries(Conditions)) {
    for (const { id, kind } of referencesOf(value)) {
      if (kind === 'GetAtt' || (kind === 'Ref' && Resources[id] !== undefined)) {
        yield `Conditions.${name}: Template error: a condition may refer to parameters only, not to ${id}`;
      }
    }
  }
}
