import { describe, expect, it } from 'vitest';
import { deployOrder, shuffled } from '../support/cloudformation/deploy-order.ts';
import { cloudOf, deploy, queue, resources } from '../support/cloudformation/small-stacks.ts';
import { deleteStack, deployStack } from '../support/cloudformation/stack.ts';
import type { Template } from '../support/cloudformation/template.ts';

describe('a stack that is made', () => {
  it('has its functions resolved: conditions, mappings, texts, lists and what is left out', async () => {
    const region = cloudOf();
    const sub = {
      'Fn::Sub': ['$' + '{A}-$' + '{B}-$' + '{!C}', { B: { 'Fn::Select': [1, { 'Fn::Split': [',', 'x,y'] }] } }],
    };
    const { outputs, status } = await deploy(region, {
      Parameters: {
        A: { Type: 'String', Default: 'a' },
        P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/hnb659fds/version' },
      },
      Mappings: { M: { 'us-east-1': { n: 7 } } },
      Conditions: { Yes: { 'Fn::Equals': [{ Ref: 'A' }, 'a'] }, No: { 'Fn::Not': [{ Condition: 'Yes' }] } },
      Resources: {
        Q: queue({
          DelaySeconds: { 'Fn::If': ['Yes', { Ref: 'AWS::NoValue' }, 5] },
          KmsMasterKeyId: { 'Fn::Base64': 'x' },
        }),
        Absent: queue({}, { Condition: 'No' }),
      },
      Outputs: {
        Sub: { Value: sub },
        Map: { Value: { 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, 'n'] } },
        Join: { Value: { 'Fn::Join': ['/', [{ Ref: 'P' }, { 'Fn::GetAtt': 'Q.QueueName' }]] } },
        None: { Value: { Ref: 'Absent' }, Condition: 'No' },
      },
    });
    expect(status).toBe('CREATE_COMPLETE');
    expect(region.all().map(({ properties }) => properties)).toEqual([{ KmsMasterKeyId: 'eA==' }]);
    expect(outputs).toEqual({
      Sub: 'a-y-$' + '{C}',
      Map: '7',
      Join: expect.stringMatching(/^28\/stack-Q-[0-9A-F]{12}$/),
    });
  });

  it('comes in every order that its dependencies leave open, and in no other', () => {
    const template = {
      A: queue(),
      B: queue({}, { DependsOn: 'A' }),
      C: queue(),
      D: queue({ QueueName: { Ref: 'B' } }),
    };
    const orders = new Set(Array.from({ length: 60 }, (_, seed) => deployOrder(template, shuffled(seed)).join('')));
    expect([...orders].sort()).toEqual(['ABCD', 'ABDC', 'ACBD', 'CABD']);
  });

  it('is rolled back when a resource is refused; what the template keeps stays behind', async () => {
    const region = cloudOf();
    await deploy(region, resources({ Q: queue({ QueueName: 'taken' }) }), 'other');
    const failing = resources({
      A: queue(),
      B: queue({}, { DeletionPolicy: 'RetainExceptOnCreate' }),
      C: queue({}, { DeletionPolicy: 'Retain' }),
      D: queue({ QueueName: 'taken' }, { DependsOn: ['A', 'B', 'C'] }),
    });
    expect(await deploy(region, failing)).toMatchObject({
      status: 'ROLLBACK_COMPLETE',
      reason: expect.stringMatching(/taken already exists/),
    });
    expect(region.all().map(({ logicalId }) => logicalId)).toEqual(['C', 'Q']);
    // As cdk deploy does, the stack that was rolled back is replaced by a new one.
    expect(await deploy(region, resources({ A: queue() }))).toMatchObject({ status: 'CREATE_COMPLETE' });
  });
});

describe('a stack that is updated', () => {
  it('replaces what can only be made anew, and deletes the former one at the end', async () => {
    const region = cloudOf();
    await deploy(
      region,
      resources({
        T: { Type: 'AWS::SNS::Topic' },
        S: { Type: 'AWS::SNS::Subscription', Properties: { TopicArn: { Ref: 'T' }, Protocol: 'email', Endpoint: 'a' } },
      }),
    );
    const [before] = region.all('AWS::SNS::Subscription');
    const outcome = await deploy(
      region,
      resources({
        T: { Type: 'AWS::SNS::Topic' },
        S: { Type: 'AWS::SNS::Subscription', Properties: { TopicArn: { Ref: 'T' }, Protocol: 'email', Endpoint: 'b' } },
      }),
    );
    expect(outcome.events).toEqual([
      { logicalId: 'S', status: 'REPLACED', reason: 'Endpoint' },
      { logicalId: 'S', status: 'DELETE_COMPLETE' },
    ]);
    expect(region.all('AWS::SNS::Subscription').map(({ ref }) => ref)).not.toEqual([before?.ref]);
  });

  it('cannot replace what has a name of its own, and is as it was', async () => {
    const region = cloudOf();
    const machine = (FifoQueue: boolean, Delay: number) =>
      resources({
        P: queue({ DelaySeconds: Delay }),
        Q: queue({ QueueName: 'q.fifo', FifoQueue }, { DependsOn: 'P' }),
      });
    await deploy(region, machine(true, 1));
    const before = region.all();
    const outcome = await deploy(region, machine(false, 2));
    expect(outcome).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: expect.stringMatching(/custom-named resource requires replacing. Rename q.fifo/),
    });
    expect(region.all()).toEqual(before);
  });

  it('cannot give a name to another resource while the former one is there', async () => {
    const region = cloudOf();
    await deploy(region, resources({ Q: queue({ QueueName: 'mine' }) }));
    expect(await deploy(region, resources({ R: queue({ QueueName: 'mine' }) }))).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: expect.stringMatching(/already exists/),
    });
  });

  it('keeps an export that another stack imports, and is kept from deletion', async () => {
    const region = cloudOf();
    const exporting = (Value: string): Partial<Template> => ({
      ...resources({ Q: queue() }),
      Outputs: { O: { Value, Export: { Name: 'shared' } } },
    });
    await deploy(region, exporting('one'), 'first');
    await deploy(region, resources({ R: queue({ QueueName: { 'Fn::ImportValue': 'shared' } }) }), 'second');
    expect(await deploy(region, exporting('two'), 'first')).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: 'Export shared cannot be updated as it is in use by second',
    });
    expect(await deploy(region, resources({ Q: queue() }), 'first')).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: 'Export shared cannot be deleted as it is in use by second',
    });
    await expect(deleteStack(region, 'first')).rejects.toThrow(/in use by second/);
    await deleteStack(region, 'second');
    expect(await deleteStack(region, 'first')).toMatchObject({ status: 'DELETE_COMPLETE' });
    expect(
      await deploy(region, resources({ R: queue({ QueueName: { 'Fn::ImportValue': 'shared' } }) }), 'second'),
    ).toMatchObject({ reason: 'No export named shared found.' });
  });
});

describe('a stack that is deleted', () => {
  it('is not while it is protected', async () => {
    const region = cloudOf();
    await deployStack(region, { name: 'stack', template: { Resources: { Q: queue() } }, terminationProtection: true });
    await expect(deleteStack(region, 'stack')).rejects.toThrow(/TerminationProtection/);
  });

  it('keeps a bucket that is not empty, and what it needs, until it is', async () => {
    const region = cloudOf();
    await deploy(
      region,
      resources({ B: { Type: 'AWS::S3::Bucket' }, Q: queue({}, { DeletionPolicy: 'Retain' }), R: queue() }),
    );
    const bucket = region.all('AWS::S3::Bucket')[0]?.ref ?? '';
    region.cloud.objects.set(bucket, 1);
    expect(await deleteStack(region, 'stack')).toMatchObject({
      status: 'DELETE_FAILED',
      reason: expect.stringMatching(/\[B\]/),
    });
    await expect(deploy(region, resources({ B: { Type: 'AWS::S3::Bucket' } }))).rejects.toThrow(/DELETE_FAILED state/);
    region.cloud.objects.delete(bucket);
    expect(await deleteStack(region, 'stack')).toMatchObject({ status: 'DELETE_COMPLETE' });
    expect(region.all().map(({ logicalId }) => logicalId)).toEqual(['Q']);
  });
});
