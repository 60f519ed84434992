import { createHash } from 'node:crypto';
import { RefusedError } from './errors.ts';
import type { Properties } from './template.ts';

/** What makes a resource known outside of its stack. */
export interface Identity {
  /** What `Ref` gives. */
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Where a resource comes to be. */
export interface Birthplace {
  readonly account: string;
  readonly region: string;
  /** Of this type and this place the only one, e.g. `dsql-etl-dev-NoticesTopic12345678-4F5E6D7C8B9A`. */
  readonly name: string;
  readonly properties: Properties;
  /** The endpoint of every cluster, where a test has one of its own. */
  readonly endpoint?: string | undefined;
}

interface Kind {
  /** The property that gives the name, where it may be given. */
  readonly named?: string;
  /** Whether a name is taken in all Regions of the account. */
  readonly global?: true;
  /** The longest name. */
  readonly longest?: number;
  readonly identity: (place: Birthplace) => Identity;
}

const arn = (service: string, resource: string, { account, region }: Birthplace): string =>
  `arn:aws:${service}:${region}:${account}:${resource}`;
const byName = ({ name }: Birthplace): Identity => ({ ref: name, attributes: { Id: name } });
const hex = (name: string, length: number): string => createHash('sha256').update(name).digest('hex').slice(0, length);

/** The types that the simulator can make, with their names and attributes ("Return values" of the template reference). */
const kinds: Readonly<Record<string, Kind>> = {
  'AWS::CloudWatch::Alarm': {
    named: 'AlarmName',
    identity: (place) => ({ ref: place.name, attributes: { Arn: arn('cloudwatch', `alarm:${place.name}`, place) } }),
  },
  'AWS::CloudWatch::Dashboard': { named: 'DashboardName', identity: byName },
  'AWS::DSQL::Cluster': {
    identity: (place) => {
      // Base 36 without what a host name cannot have; a cluster's identifier has 26 characters.
      const id = `c${hex(place.name, 25)}`;
      return {
        ref: id,
        attributes: {
          Identifier: id,
          Endpoint: place.endpoint ?? `${id}.dsql.${place.region}.on.aws`,
          ResourceArn: arn('dsql', `cluster/${id}`, place),
          Status: 'ACTIVE',
        },
      };
    },
  },
  'AWS::Events::Rule': {
    named: 'Name',
    longest: 64,
    identity: (place) => ({
      ref: place.name,
      attributes: { Arn: arn('events', `rule/${place.name}`, place), RuleName: place.name },
    }),
  },
  'AWS::IAM::ManagedPolicy': {
    named: 'ManagedPolicyName',
    global: true,
    longest: 128,
    identity: ({ account, name }) => {
      const ref = `arn:aws:iam::${account}:policy/${name}`;
      return { ref, attributes: { PolicyArn: ref } };
    },
  },
  'AWS::IAM::Policy': { identity: byName },
  'AWS::IAM::Role': {
    named: 'RoleName',
    global: true,
    longest: 64,
    identity: ({ account, name }) => ({
      ref: name,
      attributes: { Arn: `arn:aws:iam::${account}:role/${name}`, RoleId: `AROA${hex(name, 16).toUpperCase()}` },
    }),
  },
  'AWS::KMS::Key': {
    identity: (place) => {
      const id = `${hex(place.name, 8)}-12ab-34cd-56ef-${hex(place.name, 12)}`;
      return { ref: id, attributes: { KeyId: id, Arn: arn('kms', `key/${id}`, place) } };
    },
  },
  'AWS::Lambda::Alias': {
    identity: (place) => {
      const { FunctionName, Name } = place.properties;
      const alias = `${functionArn(String(FunctionName), place)}:${String(Name)}`;
      return { ref: alias, attributes: { AliasArn: alias } };
    },
  },
  'AWS::Lambda::EventSourceMapping': {
    identity: (place) => {
      const id = `${hex(place.name, 8)}-0000-4000-8000-${hex(place.name, 12)}`;
      return {
        ref: id,
        attributes: { Id: id, EventSourceMappingArn: arn('lambda', `event-source-mapping:${id}`, place) },
      };
    },
  },
  'AWS::Lambda::Function': {
    named: 'FunctionName',
    longest: 64,
    identity: (place) => ({ ref: place.name, attributes: { Arn: arn('lambda', `function:${place.name}`, place) } }),
  },
  'AWS::Lambda::Permission': { identity: byName },
  // Its number is Lambda's to give; see the rules of Lambda.
  'AWS::Lambda::Version': { identity: byName },
  'AWS::Logs::LogGroup': {
    named: 'LogGroupName',
    identity: (place) => ({
      ref: place.name,
      attributes: { Arn: `${arn('logs', `log-group:${place.name}`, place)}:*` },
    }),
  },
  'AWS::S3::Bucket': {
    named: 'BucketName',
    global: true,
    longest: 63,
    identity: ({ name, region }) => {
      const ref = name.toLowerCase();
      return {
        ref,
        attributes: {
          Arn: `arn:aws:s3:::${ref}`,
          DomainName: `${ref}.s3.amazonaws.com`,
          RegionalDomainName: `${ref}.s3.${region}.amazonaws.com`,
        },
      };
    },
  },
  'AWS::S3::BucketPolicy': { identity: byName },
  'AWS::SNS::Subscription': {
    identity: (place) => {
      const ref = `${String(place.properties.TopicArn)}:${hex(place.name, 8)}`;
      return { ref, attributes: { Arn: ref } };
    },
  },
  'AWS::SNS::Topic': {
    named: 'TopicName',
    identity: (place) => {
      const ref = arn('sns', place.name, place);
      return { ref, attributes: { TopicArn: ref, TopicName: place.name } };
    },
  },
  'AWS::SNS::TopicPolicy': { identity: byName },
  'AWS::SQS::Queue': {
    named: 'QueueName',
    longest: 80,
    identity: (place) => {
      const url = `https://sqs.${place.region}.amazonaws.com/${place.account}/${place.name}`;
      return { ref: url, attributes: { Arn: arn('sqs', place.name, place), QueueName: place.name, QueueUrl: url } };
    },
  },
  'AWS::SQS::QueuePolicy': { identity: byName },
  'AWS::SSM::Parameter': {
    named: 'Name',
    identity: ({ name, properties }) => ({
      ref: name,
      attributes: { Type: String(properties.Type), Value: String(properties.Value) },
    }),
  },
  'AWS::Scheduler::Schedule': {
    named: 'Name',
    longest: 64,
    identity: (place) => ({
      ref: place.name,
      attributes: { Arn: arn('scheduler', `schedule/default/${place.name}`, place) },
    }),
  },
  'AWS::StepFunctions::StateMachine': {
    named: 'StateMachineName',
    longest: 80,
    identity: (place) => {
      const ref = arn('states', `stateMachine:${place.name}`, place);
      return { ref, attributes: { Arn: ref, Name: place.name } };
    },
  },
};

/** The ARN of a function that is given by name or ARN. */
export function functionArn(nameOrArn: string, place: { readonly account: string; readonly region: string }): string {
  return nameOrArn.startsWith('arn:')
    ? nameOrArn
    : `arn:aws:lambda:${place.region}:${place.account}:function:${nameOrArn}`;
}

export function kindOf(type: string): Kind {
  const kind = kinds[type];
  if (kind === undefined) throw new RefusedError(`The simulator cannot make ${type}`);
  return kind;
}

/** The name that the template gives a resource; undefined where CloudFormation makes one. */
export function givenName(type: string, properties: Properties): string | undefined {
  const { named } = kindOf(type);
  const name = named === undefined ? undefined : properties[named];
  return typeof name === 'string' ? name : undefined;
}

/** A name as CloudFormation makes it: stack, logical id and twelve random characters, of which the end is kept. */
export function generatedName(type: string, stack: string, logicalId: string, count: number): string {
  const suffix = hex(`${stack}/${logicalId}/${count}`, 12).toUpperCase();
  const { longest = 255 } = kindOf(type);
  return `${`${stack}-${logicalId}`.slice(0, longest - suffix.length - 1)}-${suffix}`;
}
