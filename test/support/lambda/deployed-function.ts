import path from 'node:path';
import type { Assembly } from '../aws/assembly.ts';

/** A Lambda function as the template describes it. */
export interface DeployedFunction {
  readonly logicalId: string;
  readonly arn: string;
  /** e.g. `load.handler` */
  readonly handler: string;
  readonly codeDir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly runtime: string;
  /** Logical id of its role. */
  readonly roleId: string;
}

/** Every function of the assembly, by the name of its handler's file. */
export function deployedFunctions(assembly: Assembly): Readonly<Record<string, DeployedFunction>> {
  const found = assembly.resources('AWS::Lambda::Function').map(([logicalId, { Properties }]) => {
    const properties = Properties as {
      readonly Code: { readonly S3Key: string };
      readonly Handler: string;
      readonly MemorySize: number;
      readonly Timeout: number;
      readonly Runtime: string;
      readonly Role: { readonly 'Fn::GetAtt': readonly [string, string] };
      readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
    };
    const fn: DeployedFunction = {
      logicalId,
      arn: assembly.attribute(logicalId, 'Arn'),
      handler: properties.Handler,
      codeDir: path.join(assembly.folder, `asset.${properties.Code.S3Key.replace(/\.zip$/, '')}`),
      environment: Object.fromEntries(
        Object.entries(properties.Environment.Variables).map(([name, value]) => [name, assembly.resolve(value)]),
      ),
      memoryMb: properties.MemorySize,
      timeoutSeconds: properties.Timeout,
      runtime: properties.Runtime,
      roleId: properties.Role['Fn::GetAtt'][0],
    };
    return [properties.Handler.split('.')[0] ?? '', fn] as const;
  });
  return Object.fromEntries(found);
}
