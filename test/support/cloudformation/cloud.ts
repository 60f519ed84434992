import { RefusedError } from './errors.ts';
import type { Identity } from './identities.ts';
import type { DeletionPolicy, Properties, Template } from './template.ts';

/** A resource that is there, of a stack or left behind by one. */
export interface Thing extends Identity {
  readonly type: string;
  readonly logicalId: string;
  readonly stack: string;
  /** The properties with which it was made or changed last, without functions of the template. */
  readonly properties: Properties;
  readonly deletionPolicy: DeletionPolicy;
  readonly updateReplacePolicy: DeletionPolicy;
}

/** What CloudFormation sends to the function of a custom resource. */
export interface CustomRequest {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceType: string;
  readonly ResourceProperties: Properties;
  readonly OldResourceProperties?: Properties;
}

export interface CustomResponse {
  readonly Status: string;
  readonly Reason?: string;
  readonly PhysicalResourceId?: string;
  readonly Data?: Readonly<Record<string, string>>;
}

/** Calls the function of a custom resource, which is there, and gives its answer; undefined: it gave none in time. */
export type CallCustom = (fn: Thing, request: CustomRequest, region: Region) => Promise<CustomResponse | undefined>;

/** A stack as people see it. */
export interface Stack {
  readonly name: string;
  readonly status: string;
  readonly template: Template;
  readonly terminationProtection: boolean;
  readonly things: ReadonlyMap<string, Thing>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly exports: ReadonlyMap<string, string>;
  /** Names that it imports from other stacks. */
  readonly imports: ReadonlySet<string>;
}

/** One Region of an account, with everything that is in it. */
export class Region {
  readonly name: string;
  readonly cloud: Cloud;
  readonly stacks = new Map<string, Stack>();
  /** Parameters of Systems Manager that no stack made, e.g. of `cdk bootstrap`. */
  readonly parameters = new Map([['/cdk-bootstrap/hnb659fds/version', '28']]);
  /** By `type|ref`. */
  readonly #things = new Map<string, Thing>();
  /** A Region that is down takes no request. */
  down = false;
  /** What a test lets a service refuse, by its reason; asked when a resource is made or changed. */
  refuses: (logicalId: string) => string | undefined = () => undefined;

  constructor(cloud: Cloud, name: string) {
    this.cloud = cloud;
    this.name = name;
  }

  /** @throws {RefusedError} where the Region is down */
  reach(): void {
    if (this.down) throw new RefusedError(`Could not connect to the endpoint of ${this.name}`);
  }

  put(thing: Thing): void {
    this.#things.set(`${thing.type}|${thing.ref}`, thing);
  }

  take(thing: Thing): void {
    this.#things.delete(`${thing.type}|${thing.ref}`);
  }

  find(type: string, ref: string): Thing | undefined {
    return this.#things.get(`${type}|${ref}`);
  }

  /** In an order that does not depend on what was made when. */
  all(type?: string): readonly Thing[] {
    const things = [...this.#things].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, thing]) => thing);
    return type === undefined ? things : things.filter((thing) => thing.type === type);
  }

  /** The resource of this type whose ARN, or other attribute, is this. */
  by(type: string, attribute: string, value: unknown): Thing | undefined {
    return this.all(type).find((thing) => thing.attributes[attribute] === value);
  }

  parameter(name: string): string | undefined {
    const made = this.find('AWS::SSM::Parameter', name);
    return made === undefined ? this.parameters.get(name) : String(made.properties.Value);
  }

  exported(name: string): string | undefined {
    return [...this.stacks.values()].flatMap(({ exports }) => exports.get(name) ?? [])[0];
  }

  importers(name: string): readonly string[] {
    return [...this.stacks.values()].filter(({ imports }) => imports.has(name)).map((stack) => stack.name);
  }
}

/** An account of AWS, without anything but `cdk bootstrap`. */
export class Cloud {
  readonly account: string;
  readonly callCustom: CallCustom;
  readonly #regions = new Map<string, Region>();
  /** Objects in buckets by their name. */
  readonly objects = new Map<string, number>();
  /** Versions of functions by the function's ARN: how many there ever were, and what those that are there hold. */
  readonly published = new Map<string, { readonly count: number; readonly content: ReadonlyMap<number, string> }>();
  /** The endpoint of every cluster, where functions really connect to it; else it is made up. */
  endpoint: string | undefined;
  /** How many names have been made. */
  names = 0;

  constructor(account: string, callCustom: CallCustom) {
    this.account = account;
    this.callCustom = callCustom;
  }

  region(name: string): Region {
    const region = this.#regions.get(name) ?? new Region(this, name);
    this.#regions.set(name, region);
    return region;
  }

  get regions(): readonly Region[] {
    return [...this.#regions.values()];
  }
}
