import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { NotDeployableError } from './errors.ts';

/** CloudFormation user guide, "CloudFormation quotas": a template in S3. */
const maxTemplateBytes = 1_000_000;

/** IAM user guide, "IAM and AWS STS quotas": managed policies of a role, unless the account's quota was raised. */
const maxPoliciesOfRole = 10;

/** A synthesized stack. */
export interface TemplateFile {
  readonly stackName: string;
  readonly templateFullPath: string;
}

const templateSchema = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Properties: z
        .looseObject({ Roles: z.array(z.looseObject({ Ref: z.string().optional() })).optional() })
        .optional(),
    }),
  ),
});

/**
 * Refuses templates that would fail in CloudFormation for their size: it counts bytes, and IAM the policies of a role,
 * over which the CDK spreads what a role may do. The CDK itself refuses more than 500 resources.
 *
 * @throws {NotDeployableError} naming each
 */
export function refuseLargeTemplates(stacks: readonly TemplateFile[]): void {
  const problems = stacks.flatMap(problemsOf);
  if (problems.length === 0) return;
  const way = 'set deploy.isolation to pipeline, or cut the configuration into several with a deploy.name each';
  throw new NotDeployableError([...problems, way]);
}

function problemsOf({ stackName, templateFullPath }: TemplateFile): readonly string[] {
  const text = readFileSync(templateFullPath, 'utf8');
  const bytes = Buffer.byteLength(text);
  const { Resources } = templateSchema.parse(JSON.parse(text));
  const policies = new Map<string, number>();
  for (const { Properties, Type } of Object.values(Resources)) {
    if (Type !== 'AWS::IAM::ManagedPolicy') continue;
    for (const { Ref = '' } of Properties?.Roles ?? []) policies.set(Ref, (policies.get(Ref) ?? 0) + 1);
  }
  const most = Math.max(0, ...policies.values());
  return [
    ...(bytes > maxTemplateBytes
      ? [`${stackName}: its template has ${bytes} bytes, and CloudFormation takes ${maxTemplateBytes}`]
      : []),
    ...(most > maxPoliciesOfRole
      ? [`${stackName}: a role would need ${most} policies for its sources, and IAM takes ${maxPoliciesOfRole}`]
      : []),
  ];
}
