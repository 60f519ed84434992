import { policiesOf, roleByArn } from './access.ts';
import type { Region, Thing } from './cloud.ts';
import { demand, type ServiceRule } from './service-rule.ts';

/** IAM user guide, "IAM and AWS STS quotas": all inline policies of a role together, white space not counted. */
const maxInlineCharacters = 10_240;

const lengthOf = ({ properties }: Thing): number => JSON.stringify(properties.PolicyDocument).length;

const ofPolicy: ServiceRule = {
  check: (thing, region) => {
    for (const name of thing.properties.Roles as readonly string[]) {
      const role = roleNamed(region, name);
      demand(role !== undefined, `The role with name ${name} cannot be found.`);
      if (role === undefined) continue;
      const others = policiesOf(region, role).filter(({ ref }) => ref !== thing.ref);
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
  'AWS::IAM::Policy': ofPolicy,
  'AWS::IAM::Role': ofRole,
};
