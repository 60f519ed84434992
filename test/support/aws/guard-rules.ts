import type { Assembly, Resource } from './assembly.ts';

type Properties = Readonly<Record<string, unknown>>;
type Rule = (id: string, properties: Properties, resource: Resource, assembly: Assembly) => string | undefined;

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Whether a policy of this type denies what does not come over TLS, for the resource. */
function deniesPlain(assembly: Assembly, policyType: string, key: string, id: string): boolean {
  return assembly.resources(policyType).some(([, { Properties }]) => {
    const targets = JSON.stringify((Properties as Properties)[key]);
    const { Statement } = (Properties as { readonly PolicyDocument: { readonly Statement: readonly Statement[] } })
      .PolicyDocument;
    return (
      targets.includes(`"${id}"`) &&
      Statement.some((one) => one.Effect === 'Deny' && String(one.Condition?.Bool?.['aws:SecureTransport']) === 'false')
    );
  });
}

const refuseWide: Rule = (id, { PolicyDocument }) => {
  const { Statement } = PolicyDocument as { readonly Statement: readonly Statement[] };
  const wide = Statement.find((one) => {
    const actions = typeof one.Action === 'string' ? [one.Action] : one.Action;
    const knowsResources = !actions.every((action) =>
      /^(xray|logs):|^ec2:\w+(NetworkInterfaces?|Subnets|PrivateIpAddresses)$/.test(action),
    );
    return (
      one.Effect === 'Allow' &&
      (actions.some((action) => action.includes('*')) || (one.Resource === '*' && knowsResources))
    );
  });
  return wide === undefined
    ? undefined
    : `${id} allows ${JSON.stringify(wide.Action)} on ${JSON.stringify(wide.Resource)}`;
};

/** Company rules in the manner of CloudFormation Guard: encryption, public access, TLS, wildcards. By resource type. */
const rules: Readonly<Record<string, readonly Rule[]>> = {
  'AWS::S3::Bucket': [
    (id, { BucketEncryption }) => (BucketEncryption === undefined ? `${id} is not encrypted` : undefined),
    (id, { PublicAccessBlockConfiguration: block }) =>
      ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'].every(
        (name) => (block as Properties | undefined)?.[name] === true,
      )
        ? undefined
        : `${id} is not closed to the public`,
    (id, _, __, assembly) =>
      deniesPlain(assembly, 'AWS::S3::BucketPolicy', 'Bucket', id) ? undefined : `${id} takes requests without TLS`,
    (id, { LifecycleConfiguration }) =>
      LifecycleConfiguration === undefined ? `${id} keeps objects for ever` : undefined,
  ],
  'AWS::SNS::Topic': [
    (id, { KmsMasterKeyId }) => (KmsMasterKeyId === undefined ? `${id} is not encrypted` : undefined),
    (id, _, __, assembly) =>
      deniesPlain(assembly, 'AWS::SNS::TopicPolicy', 'Topics', id) ? undefined : `${id} takes requests without TLS`,
  ],
  'AWS::SQS::Queue': [
    (id, { KmsMasterKeyId, SqsManagedSseEnabled }) =>
      KmsMasterKeyId === undefined && SqsManagedSseEnabled !== true ? `${id} is not encrypted` : undefined,
    (id, _, __, assembly) =>
      deniesPlain(assembly, 'AWS::SQS::QueuePolicy', 'Queues', id) ? undefined : `${id} takes requests without TLS`,
  ],
  'AWS::KMS::Key': [(id, { EnableKeyRotation }) => (EnableKeyRotation === true ? undefined : `${id} does not rotate`)],
  'AWS::Logs::LogGroup': [
    (id, { RetentionInDays }) => (RetentionInDays === undefined ? `${id} keeps logs for ever` : undefined),
  ],
  'AWS::Lambda::Function': [
    (id, { LoggingConfig }) => (LoggingConfig === undefined ? `${id} logs into a group without an end` : undefined),
    (id, { Environment }) =>
      /secret|password|token/i.test(Object.keys((Environment as { Variables: object }).Variables).join())
        ? `${id} has a secret in its environment`
        : undefined,
  ],
  'AWS::Lambda::Permission': [
    (id, { Principal, SourceArn }) =>
      SourceArn === undefined || Principal === '*' ? `${id} lets anyone call` : undefined,
  ],
  'AWS::IAM::Role': [
    (id, { ManagedPolicyArns }) => (ManagedPolicyArns === undefined ? undefined : `${id} has a managed policy`),
    (id, { AssumeRolePolicyDocument }) =>
      JSON.stringify(AssumeRolePolicyDocument).includes('"AWS":"*"') ? `${id} may be assumed by anyone` : undefined,
  ],
  'AWS::IAM::ManagedPolicy': [refuseWide],
  'AWS::IAM::Policy': [refuseWide],
};

/** Every break of the rules in a template, as a sentence. */
export function checkRules(assembly: Assembly): readonly string[] {
  return Object.entries(assembly.template.Resources).flatMap(([id, resource]) =>
    (rules[resource.Type] ?? []).flatMap((rule) => rule(id, resource.Properties ?? {}, resource, assembly) ?? []),
  );
}
