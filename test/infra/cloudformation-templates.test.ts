import { describe, expect, it } from 'vitest';
import { cloudOf, deploy, queue, resources } from '../support/cloudformation/small-stacks.ts';
import type { Template } from '../support/cloudformation/template.ts';

describe('a template that the simulated CloudFormation refuses before it touches anything', () => {
  const bad: readonly (readonly [string, Partial<Template>, RegExp])[] = [
    [
      'a reference to nothing',
      resources({ Q: queue({ QueueName: { Ref: 'Gone' } }) }),
      /Unresolved resource dependencies \[Gone\]/,
    ],
    [
      'an attribute of nothing',
      resources({ Q: queue({ QueueName: { 'Fn::GetAtt': ['Gone', 'Arn'] } }) }),
      /undefined resource Gone/,
    ],
    [
      'an attribute that there is not',
      resources({ P: queue(), Q: queue({ QueueName: { 'Fn::GetAtt': ['P', 'Colour'] } }) }),
      /attribute type Colour/,
    ],
    [
      'a reference in a text',
      resources({ Q: queue({ QueueName: { 'Fn::Sub': 'x-$' + '{Gone.Arn}' } }) }),
      /undefined resource Gone/,
    ],
    [
      'a reference in an output',
      { ...resources({ Q: queue() }), Outputs: { O: { Value: { Ref: 'Gone' } } } },
      /Outputs\.O/,
    ],
    ['a dependency on nothing', resources({ Q: queue({}, { DependsOn: 'Gone' }) }), /\[Gone\]/],
    [
      'a condition that there is not',
      resources({ Q: queue({}, { Condition: 'Gone' }) }),
      /Unresolved dependencies \[Gone\]/,
    ],
    [
      'a condition about a resource',
      { ...resources({ Q: queue() }), Conditions: { C: { 'Fn::Equals': [{ Ref: 'Q' }, ''] } } },
      /parameters only/,
    ],
    [
      'a circle',
      resources({ P: queue({ QueueName: { Ref: 'Q' } }), Q: queue({}, { DependsOn: ['P'] }) }),
      /Circular dependency.*P.*Q/,
    ],
    ['a resource that needs itself', resources({ P: queue({ QueueName: { Ref: 'P' } }) }), /Circular/],
    [
      'a type that there is not',
      resources({ P: { Type: 'AWS::SQS::Quay' } }),
      /Unrecognized resource types: \[AWS::SQS::Quay\]/,
    ],
    [
      'a function that there is not',
      resources({ Q: queue({ QueueName: { 'Fn::Upper': 'x' } }) }),
      /unknown function Fn::Upper/,
    ],
    ['a logical id with a hyphen', resources({ 'a-b': queue() }), /non alphanumeric/],
    ['nothing', {}, /At least one/],
    [
      '501 resources',
      resources(Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`Q${index}`, queue()]))),
      /501, is greater than maximum allowed, 500/,
    ],
    ['more than a megabyte', { ...resources({ Q: queue() }), Description: 'x'.repeat(1_000_001) }, /may not exceed/],
    [
      'a parameter without a value',
      { ...resources({ Q: queue() }), Parameters: { P: { Type: 'String' } } },
      /\[P\] must have values/,
    ],
    [
      'a parameter of Systems Manager that is not there',
      {
        ...resources({ Q: queue() }),
        Parameters: { P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/gone' } },
      },
      /Unable to fetch parameters \[\/gone\]/,
    ],
    [
      'an assertion that does not hold',
      {
        ...resources({ Q: queue() }),
        Rules: { R: { Assertions: [{ Assert: { 'Fn::Equals': ['a', 'b'] }, AssertDescription: 'a is b' }] } },
      },
      /a is b/,
    ],
  ];

  it.each(bad)('has %s', async (_, template, words) => {
    const region = cloudOf();
    await expect(deploy(region, template)).rejects.toThrow(words);
    expect(region.all()).toEqual([]);
    expect(region.stacks.size).toBe(0);
  });

  it('makes of a resource one of another type', async () => {
    const region = cloudOf();
    await deploy(region, resources({ Q: queue() }));
    await expect(deploy(region, resources({ Q: { Type: 'AWS::SNS::Topic' } }))).rejects.toThrow(
      /Update of resource type is not permitted: \[Q\]/,
    );
  });
});
