import { allows } from '../aws/permissions.ts';
import type { Region, Thing } from './cloud.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

const listOf = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);

/** The policies that a role has by now, of its own or managed ones. */
export function policiesOf(region: Region, role: Thing): readonly Thing[] {
  return region.cloud.regions
    .flatMap((one) => [...one.all('AWS::IAM::Policy'), ...one.all('AWS::IAM::ManagedPolicy')])
    .filter(({ properties }) => (properties.Roles as readonly string[] | undefined)?.includes(role.ref));
}

export function roleByArn(region: Region, arn: unknown): Thing | undefined {
  return region.cloud.regions.flatMap((one) => one.by('AWS::IAM::Role', 'Arn', arn) ?? [])[0];
}

/**
 * Whether the policies that a role has by now allow an action. A statement with a condition neither allows nor denies
 * here, because what it is about (e.g. who calls on behalf of a function) is not simulated.
 */
export function mayDo(region: Region, roleArn: unknown, action: string, resource: string): boolean {
  const role = roleByArn(region, roleArn);
  if (role === undefined) return false;
  const statements = policiesOf(region, role)
    .flatMap(({ properties }) => (properties.PolicyDocument as { readonly Statement: readonly Statement[] }).Statement)
    .filter(({ Condition }) => Condition === undefined);
  const matching = statements.filter(({ Action, Resource }) =>
    listOf(Action).some((one) =>
      listOf(Resource).some((pattern) => allows({ role: '', action: one, resource: pattern }, { action, resource })),
    ),
  );
  return matching.length > 0 && matching.every(({ Effect }) => Effect === 'Allow');
}
