import { describe, expect, it } from 'vitest';
import type { CustomRequest, Region } from '../support/cloudformation/cloud.ts';
import { allow, cloudOf, custom, deploy, fn, queue, resources, role } from '../support/cloudformation/small-stacks.ts';
import { deleteStack } from '../support/cloudformation/stack.ts';
import type { TemplateResource } from '../support/cloudformation/template.ts';

describe('a service that refuses', () => {
  const cluster = (DeletionProtectionEnabled: boolean) =>
    resources({ C: { Type: 'AWS::DSQL::Cluster', Properties: { DeletionProtectionEnabled } } });
  const mapping: TemplateResource = {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: { FunctionName: { Ref: 'Fn' }, EventSourceArn: { 'Fn::GetAtt': ['Q', 'Arn'] } },
  };
  const receive = allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']);

  it.each([
    [
      'a function whose role may not send to its dead letter queue',
      { Role: role, Q: queue(), Fn: fn({ DeadLetterConfig: { TargetArn: { 'Fn::GetAtt': ['Q', 'Arn'] } } }) },
      /call SendMessage on SQS/,
    ],
    [
      'a function in a VPC whose role may make no network interface',
      { Role: role, Fn: fn({ VpcConfig: { SubnetIds: ['subnet-1'] } }) },
      /CreateNetworkInterface/,
    ],
    [
      'a mapping of a queue that the role may not read',
      { Role: role, Q: queue(), Fn: fn(), M: mapping },
      /call ReceiveMessage on SQS/,
    ],
    [
      'a mapping whose policy may come after it',
      { Role: role, Q: queue(), Fn: fn(), M: mapping, Policy: receive },
      /call ReceiveMessage on SQS/,
    ],
    [
      'a mapping of a queue that shows its messages again too early',
      {
        Role: role,
        Q: queue({ VisibilityTimeout: 1 }),
        Policy: receive,
        Fn: fn(),
        M: { ...mapping, DependsOn: 'Policy' },
      },
      /visibility timeout: 1 seconds/,
    ],
    [
      'two versions of a function that is the same',
      {
        Role: role,
        Fn: fn(),
        V: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Fn' } } },
        W: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Fn' } } },
      },
      /A version for this Lambda function exists \( 1 \)/,
    ],
    [
      'policies of a role that are larger than IAM takes',
      {
        Role: role,
        Policy: allow(
          's3:GetObject',
          Array.from({ length: 400 }, (_, index) => `arn:aws:s3:::bucket-${index}/*`),
        ),
      },
      /Maximum policy size of 10240/,
    ],
    [
      'an alarm that looks back for two days in minutes',
      { A: { Type: 'AWS::CloudWatch::Alarm', Properties: { EvaluationPeriods: 2_880, Period: 60 } } },
      /more than a day/,
    ],
    [
      'a schedule whose role the Scheduler may not assume',
      {
        Role: role,
        S: {
          Type: 'AWS::Scheduler::Schedule',
          Properties: { Target: { Arn: 'x', RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
        },
      },
      /allow AWS EventBridge Scheduler/,
    ],
  ] as const)('%s is a stack that is rolled back', async (_, Resources, words) => {
    const region = cloudOf();
    const outcome = await deploy(region, resources(Resources));
    expect(outcome).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringMatching(words) });
    expect(region.all()).toEqual([]);
  });

  it('a protected cluster cannot be deleted', async () => {
    const region = cloudOf();
    await deploy(region, cluster(true));
    expect(await deleteStack(region, 'stack')).toMatchObject({ status: 'DELETE_FAILED' });
  });

  it('a Region that is down takes nothing', async () => {
    const region = cloudOf();
    region.down = true;
    await expect(deploy(region, cluster(false))).rejects.toThrow(/Could not connect/);
  });

  it('clusters that name each other are made together, and one after the other never', async () => {
    const pair = (one: string, other: string): TemplateResource => ({
      Type: 'AWS::DSQL::Cluster',
      Properties: { MultiRegionProperties: { WitnessRegion: 'us-west-2', Clusters: [one, other] } },
    });
    const begin = async () => {
      const { cloud: both } = cloudOf();
      const regions = [both.region('us-east-1'), both.region('us-east-2')] as const;
      const single: TemplateResource = {
        Type: 'AWS::DSQL::Cluster',
        Properties: { MultiRegionProperties: { WitnessRegion: 'us-west-2' } },
      };
      for (const region of regions) await deploy(region, resources({ C: single }));
      const [one = '', other = ''] = regions.map((region) => region.all()[0]?.attributes.ResourceArn ?? '');
      return { regions, template: resources({ C: pair(one, other) }) };
    };
    const apart = await begin();
    expect(await deploy(apart.regions[0], apart.template)).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: expect.stringMatching(/did not stabilize/),
    });
    const together = await begin();
    const outcomes = await Promise.all(together.regions.map((region) => deploy(region, together.template)));
    expect(outcomes.map(({ status }) => status)).toEqual(['UPDATE_COMPLETE', 'UPDATE_COMPLETE']);
  });
});

describe('a custom resource', () => {
  const asked: CustomRequest[] = [];
  let fail: (request: CustomRequest) => boolean;
  const region = (): Region => {
    asked.length = 0;
    fail = () => false;
    return cloudOf(async (_, request) => {
      asked.push(request);
      return fail(request)
        ? { Status: 'FAILED', Reason: 'no', PhysicalResourceId: 'it' }
        : { Status: 'SUCCESS', PhysicalResourceId: 'it' };
    });
  };
  const types = () => asked.map(({ RequestType }) => RequestType).join();
  const template = (properties: object) => resources({ Role: role, Fn: fn(), C: custom(properties) });

  it('is made, changed only when a property differs, and deleted, with texts for numbers', async () => {
    const one = region();
    await deploy(one, template({ a: 1 }));
    await deploy(one, template({ a: 1 }));
    await deploy(one, template({ a: true }));
    await deleteStack(one, 'stack');
    expect(types()).toBe('Create,Update,Delete');
    expect(asked[1]).toMatchObject({
      PhysicalResourceId: 'it',
      ResourceProperties: { a: 'true' },
      OldResourceProperties: { a: '1' },
    });
  });

  it('that cannot be made is deleted by its id in the rollback', async () => {
    const one = region();
    fail = ({ RequestType }) => RequestType === 'Create';
    expect(await deploy(one, template({}))).toMatchObject({
      status: 'ROLLBACK_COMPLETE',
      reason: expect.stringMatching(/Message returned: no/),
    });
    expect(types()).toBe('Create,Delete');
    expect(asked[1]?.PhysicalResourceId).toBe('it');
    expect(one.all()).toEqual([]);
  });

  it('that cannot be changed is changed back by the former function', async () => {
    const one = region();
    await deploy(one, template({ a: 1 }));
    fail = ({ ResourceProperties }) => ResourceProperties.a === '2';
    expect(await deploy(one, template({ a: 2 }))).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
    expect(types()).toBe('Create,Update,Update');
    expect(asked[2]).toMatchObject({ ResourceProperties: { a: '1' }, OldResourceProperties: { a: '2' } });
  });

  it('cannot get another function', async () => {
    const one = region();
    await deploy(one, template({}));
    const other = resources({
      Role: role,
      Fn: fn(),
      Gn: fn(),
      C: { ...custom(), Properties: { ServiceToken: { 'Fn::GetAtt': ['Gn', 'Arn'] } } },
    });
    expect(await deploy(one, other)).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: 'Modifying service token is not allowed.',
    });
  });
});
