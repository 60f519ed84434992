import { CfnOutput } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { FunctionName } from './function-names.ts';
import type { StageFunction } from './stage-function.ts';

/** The ARNs of the functions' roles as outputs, e.g. `ExtractRole`, for policies of buckets, keys and secrets elsewhere. */
export function roleOutputs(scope: Construct, functions: Readonly<Record<FunctionName, StageFunction>>): void {
  for (const [name, { role }] of Object.entries(functions)) {
    new CfnOutput(scope, `${name[0]?.toUpperCase()}${name.slice(1)}Role`, {
      value: role.roleArn,
      description: `Role of the function ${name}`,
    });
  }
}
