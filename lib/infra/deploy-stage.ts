import { RemovalPolicy } from 'aws-cdk-lib';

/** One deployment of the service beside others, e.g. dev and prod. */
export interface DeployStage {
  readonly name: string;
  /** Protects what holds data: clusters cannot be deleted, buckets, keys and logs outlive their stack. */
  readonly production: boolean;
  /** Of what holds data. What a first deployment made is removed with it when it fails, for it holds nothing. */
  readonly removalPolicy: RemovalPolicy;
}

/** `prod` and `production` are production; every other stage can be deleted completely. */
export function deployStage(name: string): DeployStage {
  const production = /^prod(uction)?$/i.test(name);
  return {
    name,
    production,
    removalPolicy: production ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
  };
}
