import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnFunction, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { DeployVpc } from '../config/deploy-security.ts';

/** What Lambda does with the role of a function in a VPC (AWS managed policy AWSLambdaVPCAccessExecutionRole). */
const networkActions = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/**
 * What the role of a function in a VPC needs. Lambda checks for these actions on all resources; the function's own code,
 * whose calls alone have the key lambda:SourceFunctionArn, may make none of them.
 */
export function networkStatements(): readonly PolicyStatement[] {
  return [
    new PolicyStatement({ sid: 'Network', actions: networkActions, resources: ['*'] }),
    new PolicyStatement({
      sid: 'NetworkForLambdaAlone',
      effect: Effect.DENY,
      actions: networkActions,
      resources: ['*'],
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  ];
}

/** Puts a function into subnets by their ids; finding the VPC would need the account at synthesis. */
export function putIntoVpc(fn: LambdaFunction, vpc: DeployVpc): void {
  const { defaultChild } = fn.node;
  if (defaultChild instanceof CfnFunction) {
    defaultChild.vpcConfig = { subnetIds: [...vpc.subnets], securityGroupIds: [...vpc.security_groups] };
  }
}
