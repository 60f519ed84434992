import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import type { Assembly } from './assembly.ts';

interface PropertyLike {
  readonly required?: boolean;
  readonly type: TypeLike;
  readonly previousTypes?: readonly TypeLike[];
}
type TypeLike =
  | { readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'json' | 'date-time' | 'null' | 'tag' }
  | { readonly type: 'array' | 'map'; readonly element: TypeLike }
  | { readonly type: 'union'; readonly types: readonly TypeLike[] }
  | { readonly type: 'ref'; readonly reference: { readonly $ref: string } };

let database: ReturnType<typeof loadAwsServiceSpecSync> | undefined;

/** What AWS's own schema of resources finds wrong in a template: unknown, missing and ill-typed properties. */
export function checkProperties(assembly: Assembly): readonly string[] {
  database ??= loadAwsServiceSpecSync();
  const db = database;
  const problems: string[] = [];
  const checkAll = (
    value: Readonly<Record<string, unknown>>,
    properties: Readonly<Record<string, PropertyLike>>,
    where: string,
  ): void => {
    for (const [name, property] of Object.entries(properties)) {
      if (property.required === true && value[name] === undefined) problems.push(`${where}.${name} is missing`);
    }
    for (const [name, inner] of Object.entries(value)) {
      const property = properties[name];
      if (property === undefined) problems.push(`${where}.${name} is unknown`);
      else if (
        ![property.type, ...(property.previousTypes ?? [])].some((type) => fits(inner, type, `${where}.${name}`))
      ) {
        problems.push(`${where}.${name} is not ${JSON.stringify(property.type)}`);
      }
    }
  };
  const fits = (value: unknown, type: TypeLike, where: string): boolean => {
    if (isIntrinsic(value)) return true;
    switch (type.type) {
      case 'array':
        return Array.isArray(value) && value.every((item, index) => fits(item, type.element, `${where}[${index}]`));
      case 'map':
        return (
          isObject(value) && Object.entries(value).every(([key, item]) => fits(item, type.element, `${where}.${key}`))
        );
      case 'union':
        return type.types.some((one) => fits(value, one, where));
      case 'ref': {
        if (!isObject(value)) return false;
        const definition = db.get('typeDefinition', type.reference.$ref);
        checkAll(value, definition.properties as unknown as Record<string, PropertyLike>, where);
        return true;
      }
      case 'tag':
        return isObject(value) && typeof value.Key === 'string';
      case 'json':
        return isObject(value) || Array.isArray(value) || typeof value === 'string';
      case 'integer':
        return Number.isInteger(value);
      case 'date-time':
        return typeof value === 'string';
      case 'null':
        return value === null;
      default:
        return typeof value === type.type;
    }
  };
  for (const [id, { Properties, Type }] of Object.entries(assembly.template.Resources)) {
    // Custom resources have no schema; metadata of the CDK is none of a stack's own.
    if (Type.startsWith('Custom::') || Type === 'AWS::CDK::Metadata') continue;
    const [resource] = db.lookup('resource', 'cloudFormationType', 'equals', Type);
    if (resource === undefined) problems.push(`${id}: no type ${Type}`);
    else checkAll(Properties ?? {}, resource.properties as unknown as Record<string, PropertyLike>, id);
  }
  return problems;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIntrinsic(value: unknown): boolean {
  if (!isObject(value)) return false;
  const [only, ...more] = Object.keys(value);
  return more.length === 0 && only !== undefined && (only === 'Ref' || only.startsWith('Fn::'));
}
