import { type CallCustom, Cloud, type Region } from './cloud.ts';
import { deployStack, type StackOutcome } from './stack.ts';
import type { Template, TemplateResource } from './template.ts';

/** A cloud whose custom resources do what a test says. */
export function cloudOf(callCustom: CallCustom = async () => ({ Status: 'SUCCESS' })): Region {
  return new Cloud('111122223333', callCustom).region('us-east-1');
}

/** Deploys resources as one stack. */
export async function deploy(region: Region, template: Partial<Template>, name = 'stack'): Promise<StackOutcome> {
  return await deployStack(region, { name, template: { Resources: {}, ...template } });
}

/** A template of these resources and nothing else. */
export const resources = (Resources: Template['Resources']): Partial<Template> => ({ Resources });

/** Resources that a test puts together, by logical ids `Role`, `Fn`, `Q`. */
export const queue = (
  Properties: TemplateResource['Properties'] = {},
  more: Partial<TemplateResource> = {},
): TemplateResource => ({
  Type: 'AWS::SQS::Queue',
  Properties,
  ...more,
});
export const role: TemplateResource = {
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: { Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }] },
  },
};
export const fn = (Properties: object = {}): TemplateResource => ({
  Type: 'AWS::Lambda::Function',
  Properties: { Role: { 'Fn::GetAtt': ['Role', 'Arn'] }, Code: { ZipFile: 'x' }, ...Properties },
});
export const allow = (Action: string | readonly string[], Resource: unknown = '*'): TemplateResource => ({
  Type: 'AWS::IAM::Policy',
  Properties: {
    PolicyName: 'policy',
    Roles: [{ Ref: 'Role' }],
    PolicyDocument: { Statement: [{ Effect: 'Allow', Action, Resource }] },
  },
});
export const custom = (Properties: object = {}): TemplateResource => ({
  Type: 'Custom::Thing',
  Properties: { ServiceToken: { 'Fn::GetAtt': ['Fn', 'Arn'] }, ...Properties },
});
