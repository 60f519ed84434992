import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { buildApp } from '../../../lib/infra/app.ts';
import { refuseLargeTemplates } from '../../../lib/infra/template-quotas.ts';
import type { Machine } from '../states-interpreter/definition.ts';

export const account = '000000000000';
export const region = 'us-east-1';

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** A synthesized stack, with its references resolved to names and ARNs that a deployment could have given. */
export interface Assembly {
  readonly folder: string;
  readonly template: {
    readonly Resources: Readonly<Record<string, Resource>>;
    readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: string }>>;
  };
  readonly resources: (type: string) => readonly (readonly [string, Resource])[];
  readonly attribute: (logicalId: string, name: string) => string;
  readonly resolve: (value: unknown) => string;
  /** The state machine's definition with its substitutions made. */
  readonly machine: () => Machine;
}

/** What a synthesis has written. */
export interface Synthesized {
  readonly stack: (name: string, given?: Readonly<Record<string, string>>) => Assembly;
  readonly stackNames: readonly string[];
  /** In the order in which they are deployed. */
  readonly stacks: readonly {
    readonly name: string;
    readonly region: string;
    readonly terminationProtection: boolean;
  }[];
}

const context = {
  '@aws-cdk/aws-lambda:recognizeLayerVersion': true,
  '@aws-cdk/aws-lambda:recognizeVersionProps': true,
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/core:target-partitions': ['aws'],
};

/** Synthesizes a configuration file as `cdk synth` does; `settings` are its `-c` options. */
export function synthesize(outdir: string, settings: Readonly<Record<string, string>>): Synthesized {
  return synthesizeStacks(outdir, { ...settings, 'aws:cdk:bundling-stacks': ['**'] });
}

/** The same without the code of the functions, which takes most of the time and changes nothing else of a template. */
export function synthesizeTemplates(
  outdir: string,
  settings: Readonly<Record<string, string>>,
  change?: (app: App) => void,
): Synthesized {
  return synthesizeStacks(outdir, { ...settings, 'aws:cdk:bundling-stacks': [] }, change);
}

function synthesizeStacks(
  outdir: string,
  settings: Readonly<Record<string, unknown>>,
  change: (app: App) => void = () => undefined,
): Synthesized {
  const app = buildApp(new App({ outdir, context: { ...context, ...settings } }));
  change(app);
  const assembly = app.synth();
  refuseLargeTemplates(assembly.stacks);
  return {
    stackNames: assembly.stacks.map((stack) => stack.stackName),
    stacks: assembly.stacks.map(({ environment, stackName, terminationProtection }) => ({
      name: stackName,
      region: environment.region,
      terminationProtection: terminationProtection ?? false,
    })),
    stack: (name, given = {}) => openAssembly(outdir, `${name}.template.json`, given),
  };
}

/** @param given  values for `LogicalId.Attribute` and `LogicalId` that a test provides, by a pattern of their name */
export function openAssembly(folder: string, templateFile: string, given: Readonly<Record<string, string>>): Assembly {
  const template = JSON.parse(readFileSync(path.join(folder, templateFile), 'utf8')) as Assembly['template'];
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Region': region,
    'AWS::AccountId': account,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': 'test',
  };
  const provided = (name: string): string | undefined =>
    Object.entries(given).find(([pattern]) => new RegExp(`^${pattern}$`).test(name))?.[1];
  const attribute = (id: string, name: string): string => {
    const found = provided(`${id}.${name}`);
    if (found !== undefined) return found;
    const type = template.Resources[id]?.Type ?? '';
    if (name === 'Arn' && type === 'AWS::S3::Bucket') return `arn:aws:s3:::${reference(id)}`;
    if (name === 'Arn' && type === 'AWS::SQS::Queue') return `arn:aws:sqs:${region}:${account}:${id}`;
    if (name === 'Arn' && type === 'AWS::IAM::Role') return `arn:aws:iam::${account}:role/${id}`;
    if (name === 'Arn' && type === 'AWS::Lambda::Function') return `arn:aws:lambda:${region}:${account}:function:${id}`;
    if (name === 'ResourceArn') return `arn:aws:dsql:${region}:${account}:cluster/${id.toLowerCase()}`;
    return `arn:aws:test:${region}:${account}:${id}/${name}`;
  };
  const reference = (id: string): string => {
    const type = template.Resources[id]?.Type ?? '';
    if (type === 'AWS::SNS::Topic') return provided(id) ?? `arn:aws:sns:${region}:${account}:${id}`;
    if (type === 'AWS::Lambda::Version') {
      const fn = template.Resources[id]?.Properties?.FunctionName as { readonly Ref: string } | undefined;
      return `${attribute(fn?.Ref ?? '', 'Arn')}:1`;
    }
    return provided(id) ?? pseudo[id] ?? id.toLowerCase();
  };
  const resolve = (value: unknown): string => {
    if (typeof value !== 'object' || value === null) return String(value);
    const [name, inner] = Object.entries(value)[0] ?? ['', undefined];
    if (name === 'Ref') return reference(String(inner));
    if (name === 'Fn::GetAtt') return attribute((inner as string[])[0] ?? '', (inner as string[])[1] ?? '');
    if (name === 'Fn::Join') return (inner as [string, unknown[]])[1].map(resolve).join((inner as [string])[0]);
    if (name === 'Fn::Sub') return String(inner).replace(/\$\{([^}]+)\}/g, (_, id: string) => reference(id));
    throw new Error(`An intrinsic that is not resolved: ${name}`);
  };
  const resources: Assembly['resources'] = (type) =>
    Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
  return {
    folder,
    template,
    resources,
    attribute,
    resolve,
    machine: () => {
      const [entry] = resources('AWS::StepFunctions::StateMachine');
      const properties = entry?.[1].Properties as {
        readonly DefinitionString: string;
        readonly DefinitionSubstitutions: Readonly<Record<string, unknown>>;
      };
      let text = properties.DefinitionString;
      for (const [name, value] of Object.entries(properties.DefinitionSubstitutions)) {
        text = text.replaceAll(`\${${name}}`, resolve(value));
      }
      return JSON.parse(text) as Machine;
    },
  };
}
