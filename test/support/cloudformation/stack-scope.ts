import type { Region, Thing } from './cloud.ts';
import { RefusedError, ValidationError } from './errors.ts';
import { holds, type Scope } from './evaluate.ts';
import type { Template } from './template.ts';

/** Where the values of a stack are evaluated, while its resources come to be. */
export interface StackScope extends Scope {
  /** What was imported on the way. */
  readonly imports: ReadonlySet<string>;
}

/**
 * Parameters, pseudo parameters, and the resources that are there by now.
 *
 * @param things  by logical id; may grow
 * @throws {ValidationError} where a parameter has no value, or an assertion of a rule does not hold
 */
export function stackScope(
  template: Template,
  {
    given,
    name,
    region,
    things,
  }: {
    readonly name: string;
    readonly region: Region;
    readonly given: Readonly<Record<string, string>>;
    readonly things: ReadonlyMap<string, Thing>;
  },
): StackScope {
  const parameters = valuesOf(template, given, region);
  const pseudo: Readonly<Record<string, unknown>> = {
    'AWS::AccountId': region.cloud.account,
    'AWS::NotificationARNs': [],
    'AWS::Partition': 'aws',
    'AWS::Region': region.name,
    'AWS::StackId': `arn:aws:cloudformation:${region.name}:${region.cloud.account}:stack/${name}/1`,
    'AWS::StackName': name,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const conditions = new Map<string, boolean>();
  const imports = new Set<string>();
  const scope: StackScope = {
    template,
    imports,
    ref: (id) => pseudo[id] ?? parameters[id] ?? things.get(id)?.ref,
    attribute: (id, attribute) => {
      const found = things.get(id)?.attributes[attribute];
      if (found === undefined)
        throw new RefusedError(`The attribute ${attribute} of ${id} is not there, or not simulated`);
      return found;
    },
    imported: (exported) => {
      const value = region.exported(exported);
      if (value === undefined) throw new RefusedError(`No export named ${exported} found.`);
      imports.add(exported);
      return value;
    },
    condition: (condition) => {
      const known = conditions.get(condition) ?? holds(template.Conditions?.[condition], scope);
      conditions.set(condition, known);
      return known;
    },
    zones: (zone) => ['a', 'b', 'c'].map((letter) => `${zone}${letter}`),
  };
  assertRules(template, scope);
  return scope;
}

function valuesOf(
  { Parameters = {} }: Template,
  given: Readonly<Record<string, string>>,
  region: Region,
): Readonly<Record<string, string>> {
  const problems: string[] = [];
  const values = Object.entries(Parameters).map(([name, { AllowedValues, Default, Type }]) => {
    const value = given[name] ?? Default;
    if (value === undefined) problems.push(`Parameters: [${name}] must have values`);
    if (AllowedValues?.includes(value ?? '') === false) problems.push(`Parameter ${name} must be one of AllowedValues`);
    if (value === undefined || !Type.startsWith('AWS::SSM::Parameter::Value<')) return [name, value ?? ''] as const;
    const read = region.parameter(value);
    if (read === undefined)
      problems.push(`Unable to fetch parameters [${value}] from parameter store for this account.`);
    return [name, read ?? ''] as const;
  });
  const unknown = Object.keys(given).filter((name) => Parameters[name] === undefined);
  if (unknown.length > 0) problems.push(`Parameters: [${unknown.join()}] do not exist in the template`);
  if (problems.length > 0) throw new ValidationError(problems);
  return Object.fromEntries(values);
}

function assertRules({ Rules = {} }: Template, scope: Scope): void {
  const problems = Object.values(Rules)
    .filter(({ RuleCondition }) => RuleCondition === undefined || holds(RuleCondition, scope))
    .flatMap(({ Assertions }) => Assertions)
    .filter(({ Assert }) => !holds(Assert, scope))
    .map(({ AssertDescription = 'A rule of the template does not hold' }) => AssertDescription);
  if (problems.length > 0) throw new ValidationError(problems);
}
