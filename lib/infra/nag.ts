import { Stack, Validations } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** Accepts a finding of cdk-nag for one construct and what is below it, with the reason that an auditor will read. */
export function acknowledge(scope: IConstruct, rule: string, reason: string): void {
  Validations.of(scope).acknowledge({ id: rule, reason });
}

/** Accepts the wildcards of exactly these statements of a role; any other wildcard is still a finding. */
export function acknowledgeWildcards(role: IConstruct, statements: readonly PolicyStatement[], reason: string): void {
  const resources = new Set(
    statements.flatMap((statement) => statement.resources).map((resource) => flatten(Stack.of(role).resolve(resource))),
  );
  for (const resource of resources) {
    if (resource.includes('*')) acknowledge(role, `AwsSolutions-IAM5[Resource::${resource}]`, reason);
  }
}

/** A resource as cdk-nag writes it: references in angle brackets. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(flatten).join('');
  if (typeof value !== 'object' || value === null) return String(value);
  const [name, inner] = Object.entries(value)[0] ?? ['', ''];
  if (name === 'Ref') return `<${String(inner)}>`;
  if (name === 'Fn::GetAtt' && Array.isArray(inner)) return `<${inner.join('.')}>`;
  if (name === 'Fn::Join' && Array.isArray(inner)) return flatten(inner[1]);
  return JSON.stringify(value);
}
