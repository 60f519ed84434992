import { RemovalPolicy } from 'aws-cdk-lib';

/** One deployment of the service beside others, e.g. dev and prod. */
export interface DeployStage {
  readonly name: string;
  /** Protects what holds data: clusters cannot be deleted, buckets and logs outlive their stack. */
  readonly production: boolean;
  readonly removalPolicy: RemovalPolicy;
}

/** `prod` and `production` are production; every other stage can be deleted completely. */
export function deployStage(name: string): DeployStage {
  const production = /^prod(uction)?$/i.test(name);
  return { name, production, removalPolicy: production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY };
}
