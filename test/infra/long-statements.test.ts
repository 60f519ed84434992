import { App, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { expect, it } from 'vitest';
import { longStatements } from '../../lib/infra/long-statements.ts';

it('each resource is in one statement, and the statements fit into policies of IAM', () => {
  const arns = Array.from({ length: 120 }, (_, index) => `arn:aws:s3:::bucket-${index}/${'folder/'.repeat(20)}*`);
  const statements = longStatements('Read', ['s3:GetObject'], [...arns, ...arns]);
  expect(statements.flatMap(({ resources }) => resources)).toEqual(arns);
  expect(new Set(statements.map(({ sid }) => sid)).size).toBe(statements.length);
  const stack = new Stack(new App(), 'stack');
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  for (const statement of statements) role.addToPolicy(statement);
  const { Resources } = templateOf(stack);
  const policies = Object.values(Resources).filter(({ Type }) => Type === 'AWS::IAM::ManagedPolicy');
  expect(policies.length).toBeGreaterThan(1);
  for (const { Properties } of policies) expect(JSON.stringify(Properties.PolicyDocument).length).toBeLessThan(6_144);
});

it('no resources are no statement', () => {
  expect(longStatements('Read', ['s3:GetObject'], [])).toEqual([]);
});

interface SmallTemplate {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: { readonly PolicyDocument?: unknown } }>
  >;
}

function templateOf(stack: Stack): SmallTemplate {
  const app = stack.node.root as App;
  return app.synth().getStackByName('stack').template as SmallTemplate;
}
