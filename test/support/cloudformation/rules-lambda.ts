import { mayDo, roleByArn } from './access.ts';
import type { Region, Thing } from './cloud.ts';
import { functionArn } from './identities.ts';
import { canonical } from './resource-spec.ts';
import { demand, type ServiceRule } from './service-rule.ts';

/** Lambda developer guide, "Lambda quotas". */
const maxEnvironmentBytes = 4_096;

/** Properties that are of the function and not of a version ("Manage Lambda function versions"). */
const unversioned = new Set(['Tags', 'ReservedConcurrentExecutions', 'RecursiveLoop']);

interface FunctionProperties {
  readonly Role: string;
  readonly Timeout?: number;
  readonly MemorySize?: number;
  readonly DeadLetterConfig?: { readonly TargetArn: string };
  readonly VpcConfig?: { readonly SubnetIds: readonly string[] };
  readonly Environment?: { readonly Variables: Readonly<Record<string, string>> };
  readonly LoggingConfig?: { readonly LogGroup?: string };
}

const place = (region: Region) => ({ account: region.cloud.account, region: region.name });

export function functionOf(region: Region, nameOrArn: unknown): Thing | undefined {
  // A version or an alias stands behind the name.
  const arn = functionArn(String(nameOrArn), place(region)).split(':').slice(0, 7).join(':');
  return region.by('AWS::Lambda::Function', 'Arn', arn);
}

/** Whether a function, version or alias is there. */
export function canBeCalled(region: Region, nameOrArn: unknown): boolean {
  const arn = functionArn(String(nameOrArn), place(region));
  if (functionOf(region, arn) === undefined) return false;
  if (arn.split(':').length === 7) return true;
  return region.find('AWS::Lambda::Version', arn) !== undefined || region.find('AWS::Lambda::Alias', arn) !== undefined;
}

const ofFunction: ServiceRule = {
  keep: (thing, region, former) => {
    if (thing === undefined && former !== undefined) forget(former, region);
  },
  check: ({ properties }, region) => {
    const {
      DeadLetterConfig,
      Environment,
      LoggingConfig,
      MemorySize = 128,
      Role,
      Timeout = 3,
      VpcConfig,
    } = properties as unknown as FunctionProperties;
    demand(
      roleByArn(region, Role) !== undefined,
      `The role defined for the function cannot be assumed by Lambda: ${Role}`,
    );
    demand(
      Timeout <= 900 && MemorySize >= 128 && MemorySize <= 10_240,
      `Timeout ${Timeout} or MemorySize ${MemorySize} is out of range`,
    );
    demand(
      Buffer.byteLength(JSON.stringify(Environment?.Variables ?? {})) <= maxEnvironmentBytes,
      'Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit',
    );
    if (DeadLetterConfig !== undefined) {
      demand(
        mayDo(region, Role, 'sqs:SendMessage', DeadLetterConfig.TargetArn),
        'The provided execution role does not have permissions to call SendMessage on SQS',
      );
    }
    if (VpcConfig !== undefined && VpcConfig.SubnetIds.length > 0) {
      demand(
        mayDo(region, Role, 'ec2:CreateNetworkInterface', '*'),
        'The provided execution role does not have permissions to call CreateNetworkInterface on EC2',
      );
    }
    if (LoggingConfig?.LogGroup !== undefined) {
      demand(
        region.find('AWS::Logs::LogGroup', LoggingConfig.LogGroup) !== undefined,
        `The log group ${LoggingConfig.LogGroup} is not there`,
      );
    }
  },
};

/** Versions go with their function, whatever CloudFormation knows of them. */
function forget(fn: Thing, region: Region): void {
  for (const version of region.all('AWS::Lambda::Version')) {
    if (version.ref.startsWith(`${fn.attributes.Arn}:`)) region.take(version);
  }
}

/** What a version of a function would hold. */
function contentOf(fn: Thing): string {
  return canonical(Object.fromEntries(Object.entries(fn.properties).filter(([name]) => !unversioned.has(name))));
}

function publishedOf(region: Region, arn: string) {
  return region.cloud.published.get(arn) ?? { count: 0, content: new Map<number, string>() };
}

const ofVersion: ServiceRule = {
  check: ({ properties }, region, former) => {
    const fn = functionOf(region, properties.FunctionName);
    demand(fn !== undefined, `Function not found: ${String(properties.FunctionName)}`);
    if (fn === undefined || former !== undefined) return;
    const { content } = publishedOf(region, fn.attributes.Arn ?? '');
    const last = Math.max(0, ...content.keys());
    // With which version Lambda compares is documented for the last one; that a deleted one does not count is not said.
    demand(
      content.get(last) !== contentOf(fn),
      `A version for this Lambda function exists ( ${last} ). Modify the function to create a new version.`,
    );
  },
  identify: ({ properties }, region) => {
    const fn = functionOf(region, properties.FunctionName);
    const arn = fn?.attributes.Arn ?? '';
    const { content, count: former } = publishedOf(region, arn);
    const count = former + 1;
    const held = fn === undefined ? '' : contentOf(fn);
    region.cloud.published.set(arn, { count, content: new Map([...content, [count, held]]) });
    return { ref: `${arn}:${count}`, attributes: { FunctionArn: `${arn}:${count}`, Version: String(count) } };
  },
  remove: (thing, region) => {
    const aliases = region.all('AWS::Lambda::Alias').filter(({ properties }) => {
      const named = functionArn(String(properties.FunctionName), place(region));
      return `${named}:${String(properties.FunctionVersion)}` === thing.ref;
    });
    demand(aliases.length === 0, `Version cannot be deleted because the alias ${aliases[0]?.ref} points to it`);
  },
  keep: (thing, region, former) => {
    if (thing !== undefined || former === undefined) return;
    // The numbers of deleted versions are not given again.
    const arn = former.ref.split(':').slice(0, 7).join(':');
    const { content, count } = publishedOf(region, arn);
    const number = Number(former.ref.split(':').at(-1));
    region.cloud.published.set(arn, { count, content: new Map([...content].filter(([one]) => one !== number)) });
  },
};

const ofAlias: ServiceRule = {
  check: ({ properties }, region) => {
    const arn = functionArn(String(properties.FunctionName), place(region));
    const version = `${arn}:${String(properties.FunctionVersion)}`;
    demand(region.find('AWS::Lambda::Version', version) !== undefined, `Function not found: ${version}`);
  },
};

const ofPermission: ServiceRule = {
  check: ({ properties }, region) => {
    demand(canBeCalled(region, properties.FunctionName), `Function not found: ${String(properties.FunctionName)}`);
  },
};

interface MappingProperties {
  readonly EventSourceArn: string;
  readonly FunctionName: string;
  readonly BatchSize?: number;
  readonly MaximumBatchingWindowInSeconds?: number;
}

const ofMapping: ServiceRule = {
  check: (thing, region) => {
    const {
      BatchSize = 10,
      EventSourceArn,
      FunctionName,
      MaximumBatchingWindowInSeconds = 0,
    } = thing.properties as unknown as MappingProperties;
    demand(canBeCalled(region, FunctionName), `Function not found: ${FunctionName}`);
    const fn = functionOf(region, FunctionName);
    const queue = region.by('AWS::SQS::Queue', 'Arn', EventSourceArn);
    demand(queue !== undefined, `The queue ${EventSourceArn} does not exist`);
    for (const action of ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']) {
      demand(
        mayDo(region, fn?.properties.Role, action, EventSourceArn),
        `The provided execution role does not have permissions to call ${action.slice(4)} on SQS`,
      );
    }
    const { VisibilityTimeout = 30 } = (queue?.properties ?? {}) as { readonly VisibilityTimeout?: number };
    const { Timeout = 3 } = (fn?.properties ?? {}) as { readonly Timeout?: number };
    demand(
      VisibilityTimeout >= Timeout,
      `Queue visibility timeout: ${VisibilityTimeout} seconds is less than Function timeout: ${Timeout} seconds`,
    );
    demand(
      BatchSize <= 10 || MaximumBatchingWindowInSeconds >= 1,
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
    const twin = region
      .all('AWS::Lambda::EventSourceMapping')
      .find(
        (one) =>
          one.ref !== thing.ref &&
          one.properties.EventSourceArn === EventSourceArn &&
          functionArn(String(one.properties.FunctionName), place(region)) === functionArn(FunctionName, place(region)),
      );
    demand(
      twin === undefined,
      `An event source mapping with SQS arn (" ${EventSourceArn} ") and function (" ${FunctionName} ") already exists.`,
    );
  },
};

export const lambdaRules: Readonly<Record<string, ServiceRule>> = {
  'AWS::Lambda::Alias': ofAlias,
  'AWS::Lambda::EventSourceMapping': ofMapping,
  'AWS::Lambda::Function': ofFunction,
  'AWS::Lambda::Permission': ofPermission,
  'AWS::Lambda::Version': ofVersion,
};
