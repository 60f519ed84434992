import type { Assembly } from './assembly.ts';
import type { AwsCall } from './recorder.ts';

export interface Grant {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** Every action a role of the template is granted, on each resource. Only plain Allow statements are understood. */
export function grantsOf(assembly: Assembly): readonly Grant[] {
  const policies = [...assembly.resources('AWS::IAM::Policy'), ...assembly.resources('AWS::IAM::ManagedPolicy')];
  return policies.flatMap(([, { Properties }]) => {
    const { PolicyDocument, Roles } = Properties as unknown as {
      readonly PolicyDocument: { readonly Statement: readonly Statement[] };
      readonly Roles: readonly { readonly Ref: string }[];
    };
    return PolicyDocument.Statement.flatMap((statement) => {
      if (statement.Effect !== 'Allow' || statement.Condition !== undefined)
        throw new Error('A statement that is not understood');
      const resources = Array.isArray(statement.Resource) ? statement.Resource : [statement.Resource];
      const actions = typeof statement.Action === 'string' ? [statement.Action] : statement.Action;
      return Roles.flatMap((role) =>
        actions.flatMap((action) =>
          resources.map((resource) => ({ role: role.Ref, action, resource: assembly.resolve(resource) })),
        ),
      );
    });
  });
}

/** Whether IAM would allow a call: `*`, `?` and their escapes as IAM has them, case of actions aside. */
export function allows(grant: Grant, call: Omit<AwsCall, 'principal'>): boolean {
  return like(grant.action.toLowerCase(), call.action.toLowerCase()) && like(grant.resource, call.resource);
}

function like(pattern: string, text: string): boolean {
  const parts = pattern.match(/\$\{[*?$]\}|[\s\S]/g) ?? [];
  const source = parts.map((part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    return (part.length > 1 ? part.charAt(2) : part).replace(/[.+*?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`, 's').test(text);
}
