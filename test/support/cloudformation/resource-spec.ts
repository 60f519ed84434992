import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import type { Properties } from './template.ts';

let database: ReturnType<typeof loadAwsServiceSpecSync> | undefined;

function specOf(type: string) {
  database ??= loadAwsServiceSpecSync();
  return database.lookup('resource', 'cloudFormationType', 'equals', type)[0];
}

export function isKnownType(type: string): boolean {
  return specOf(type) !== undefined;
}

/** Whether `Fn::GetAtt` may read an attribute of a resource of this type. */
export function hasAttribute(type: string, name: string): boolean {
  return specOf(type)?.attributes[name] !== undefined;
}

/**
 * The names of changed properties that CloudFormation can only change by a new resource, as AWS's own schema says.
 *
 * @param changed  names of properties, of the first level
 */
export function replacedBy(type: string, changed: readonly string[]): readonly string[] {
  const { properties = {} } = specOf(type) ?? {};
  return changed.filter((name) => properties[name]?.causesReplacement === 'yes');
}

/** Names of the properties of the first level in which two resources differ. */
export function changedProperties(before: Properties, after: Properties): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => canonical(before[name]) !== canonical(after[name]));
}

/** The same text for the same value, in whatever order its keys are. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, one: unknown) =>
      typeof one === 'object' && one !== null && !Array.isArray(one)
        ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
        : one,
    ) ?? ''
  );
}
