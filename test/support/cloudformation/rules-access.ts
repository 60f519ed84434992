import { policiesOf, roleByArn } from './access.ts';
import type { Region, Thing } from './cloud.ts';
import { demand, type ServiceRule } from './service-rule.ts';

/** IAM user guide, "IAM and AWS STS quotas": all inline policies of a role together, white space not counted. */
const maxInlineCharacters = 10_240;
const maxManagedCharacters = 6_144;
/** Of a role, unless the quota was raised. */
const maxManagedPolicies = 10;

const lengthOf = ({ properties }: Thing): number => JSON.stringify(properties.PolicyDocument).length;

/** @throws {RefusedError} where a document has a Sid twice, or one that is none */
function checkSids({ properties }: Thing): void {
  const { Statement } = properties.PolicyDocument as { readonly Statement: readonly { readonly Sid?: string }[] };
  const sids = Statement.flatMap(({ Sid }) => Sid ?? []);
  demand(new Set(sids).size === sids.length, `Statement IDs (SID) in a single policy must be unique: ${sids.join()}`);
  demand(
    sids.every((sid) => /^[A-Za-z0-9]*$/.test(sid)),
    `Statement IDs (SID) must be alpha-numeric: ${sids.join()}`,
  );
}

const ofPolicy: ServiceRule = {
  check: (thing, region) => {
    checkSids(thing);
    for (const name of thing.properties.Roles as readonly string[]) {
      const role = roleNamed(region, name);
      demand(role !== undefined, `The role with name ${name} cannot be found.`);
      if (role === undefined) continue;
      const others = policiesOf(region, role).filter(({ ref, type }) => ref !== thing.ref && type === thing.type);
      const namesake = others.find(({ properties }) => properties.PolicyName === thing.properties.PolicyName);
      // IAM would write over it, and CloudFormation delete it with the other resource.
      demand(namesake === undefined, `The role ${name} has a policy ${String(thing.properties.PolicyName)} already`);
      const characters = [thing, ...others].reduce((sum, one) => sum + lengthOf(one), 0);
      demand(
        characters <= maxInlineCharacters,
        `Maximum policy size of ${maxInlineCharacters} bytes exceeded for role ${name}: ${characters}`,
      );
    }
  },
};

const ofManagedPolicy: ServiceRule = {
  check: (thing, region) => {
    checkSids(thing);
    const characters = lengthOf(thing);
    demand(
      characters <= maxManagedCharacters,
      `Cannot exceed quota for PolicySize: ${maxManagedCharacters}, and has ${characters}`,
    );
    for (const name of (thing.properties.Roles ?? []) as readonly string[]) {
      const role = roleNamed(region, name);
      demand(role !== undefined, `The role with name ${name} cannot be found.`);
      if (role === undefined) continue;
      const attached = policiesOf(region, role).filter(({ ref, type }) => ref !== thing.ref && type === thing.type);
      demand(attached.length < maxManagedPolicies, `Cannot exceed quota for PoliciesPerRole: ${maxManagedPolicies}`);
    }
  },
};

function roleNamed(region: Region, name: string): Thing | undefined {
  return region.cloud.regions.flatMap((one) => one.find('AWS::IAM::Role', name) ?? [])[0];
}

const ofRole: ServiceRule = {
  remove: (thing, region) => {
    const policies = policiesOf(region, thing);
    demand(policies.length === 0, `Cannot delete entity, must delete policies first: ${policies[0]?.logicalId}`);
  },
};

/** Whether a service may assume a role. */
export function assumable(region: Region, roleArn: unknown, service: string): boolean {
  const role = roleByArn(region, roleArn);
  return role !== undefined && JSON.stringify(role.properties.AssumeRolePolicyDocument).includes(`"${service}"`);
}

export const accessRules: Readonly<Record<string, ServiceRule>> = {
  'AWS::IAM::ManagedPolicy': ofManagedPolicy,
  'AWS::IAM::Policy': ofPolicy,
  'AWS::IAM::Role': ofRole,
};
