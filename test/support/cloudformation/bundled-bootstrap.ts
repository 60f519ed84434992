import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { region as homeRegion } from '../aws/assembly.ts';
import { FunctionHost } from '../lambda/function-host.ts';
import type { LocalTarget } from '../local-target.ts';
import type { InvokeFunction } from './bootstrap-call.ts';
import { canonical } from './resource-spec.ts';
import type { Properties } from './template.ts';

interface FunctionProperties {
  readonly Code: { readonly S3Key: string };
  readonly Handler: string;
  readonly MemorySize: number;
  readonly Timeout: number;
  readonly Runtime: string;
  readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
}

/** Invokes functions as they are deployed: their bundle in a process of its own, with the variables of the template. */
export interface BundledFunctions {
  readonly invoke: (target: LocalTarget) => InvokeFunction;
  readonly close: () => void;
}

/** @param folders  of the cloud assemblies with the bundles */
export function bundledFunctions(folders: () => readonly string[]): BundledFunctions {
  const hosts = new Map<string, FunctionHost>();
  const hostOf = (properties: Properties, target: LocalTarget): FunctionHost => {
    const key = canonical(properties);
    const known = hosts.get(key);
    if (known !== undefined) return known;
    const { Code, Environment, Handler, MemorySize, Runtime, Timeout } = properties as unknown as FunctionProperties;
    const name = `asset.${Code.S3Key.replace(/\.zip$/, '')}`;
    const codeDir = folders()
      .map((folder) => path.join(folder, name))
      .find((one) => existsSync(one));
    if (codeDir === undefined) throw new Error(`The code ${name} is in no cloud assembly`);
    const { ca, port } = target.hold.endpoint;
    const caFile = path.join(target.folder, 'ca.pem');
    writeFileSync(caFile, ca);
    const host = new FunctionHost({
      folder: target.folder,
      node: process.execPath,
      fn: {
        logicalId: Handler,
        arn: `arn:aws:lambda:${homeRegion}:000000000000:function:${Handler}`,
        handler: Handler,
        codeDir,
        environment: Environment.Variables,
        memoryMb: MemorySize,
        timeoutSeconds: Timeout,
        runtime: Runtime,
        roleId: '',
      },
      environment: {
        AWS_REGION: homeRegion,
        AWS_ACCESS_KEY_ID: target.hold.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: target.hold.credentials.secretAccessKey,
        ETL_DSQL_PORT: String(port),
        NODE_EXTRA_CA_CERTS: caFile,
      },
    });
    hosts.set(key, host);
    return host;
  };
  return {
    invoke: (target) => async (fn, event) => await hostOf(fn.properties, target).invoke(event),
    close: () => {
      for (const host of hosts.values()) host.close();
    },
  };
}
