import type { Config } from '../config/config.ts';
import { dataSourceSchema } from '../config/data-source.ts';
import { digestOf, shortName } from '../config/service-name.ts';
import { maxIdentifierBytes } from '../limits.ts';
import { ownValue } from '../own-value.ts';

/** A part of a configuration that a service of its own runs. */
export interface ServicePart {
  /** Ends the names of the service's stack and state machine; empty where one service runs everything. */
  readonly suffix: string;
  readonly config: Config;
}

/** The database role that loads, where the configuration names none. */
const defaultRole = 'dsql_etl';

/** The database role of a service. */
export function roleOf({ aurora_dsql: { user } }: Config): string {
  return user === 'admin' ? defaultRole : user;
}

/**
 * The services of a deployment: one for all pipelines, or with `isolation: pipeline` one for each, whose functions,
 * state machine, staging bucket and database role serve that pipeline alone. What `data_source` says goes to pipelines
 * that call APIs only, so that no other service may read its secrets.
 */
export function serviceParts(config: Config): readonly ServicePart[] {
  if (config.deploy.isolation === 'none') return [{ suffix: '', config }];
  return Object.keys(config.pipelines).flatMap((name) => {
    const settings = ownValue(config.pipelines, name);
    if (settings === undefined) return [];
    const short = shortName(name);
    const user = roleName(roleOf(config), short.replaceAll('-', '_'));
    return [
      {
        suffix: `-${short}`,
        config: {
          ...config,
          aurora_dsql: { ...config.aurora_dsql, user },
          data_source: settings.source_type === 'api' ? config.data_source : dataSourceSchema.parse({}),
          pipelines: Object.fromEntries([[name, settings]]),
        },
      },
    ];
  });
}

function roleName(base: string, pipeline: string): string {
  const name = `${base}_${pipeline}`;
  return name.length <= maxIdentifierBytes ? name : `${name.slice(0, maxIdentifierBytes - 9)}_${digestOf(name)}`;
}
