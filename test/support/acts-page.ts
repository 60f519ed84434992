import { actProcesses } from '../../lib/cli/ui/act-process.ts';
import { systemClock } from '../../lib/clock.ts';
import { Acts } from '../../lib/ui/acts/acts.ts';
import { openPageSpace, type PageSpace } from './served-page.ts';

/** Serves a page that acts as `etl ui` does over the local DSQL: each act is a process. */
export async function openActingPage(config: string): Promise<PageSpace> {
  return await openPageSpace(config, (file) => ({
    acts: new Acts(actProcesses({ config: file, target: 'local' }), systemClock),
  }));
}

/** A pipeline of `itemsFile`, in which one row has a price that is none. @param more  settings of the pipeline */
export const itemsConfig = (more = ''): string =>
  `aurora_dsql: { region: us-east-1 }
pipelines:
  items: { source_type: file, file_path: items.csv, target_table: items, columns: { price: numeric }${more} }`;

export const itemsFile = 'id,price\n1,2.50\n2,N/A\n3,1.00\n';
