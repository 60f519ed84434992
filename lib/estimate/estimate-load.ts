import type { Config } from '../config/config.ts';
import { loadModeTraits } from '../config/load-mode.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import { traitsOf } from '../config/sources.ts';
import type { LoadSize } from '../load/measure-load.ts';
import { pricesIn } from '../prices.ts';
import { isS3Path } from '../s3-path.ts';
import { piecesOf } from '../scatter/pieces.ts';
import { type Dpu, dpuOf, type WrittenRows } from './dpu.ts';
import { type RunInAws, runInAws } from './run-in-aws.ts';

/** What a load costs depends on. */
export interface EstimateBasis {
  readonly size: LoadSize;
  /** What becomes of the rows; all inserted where that is not known. */
  readonly rows: WrittenRows;
  readonly settings: PipelineSettings;
  readonly deploy: Config['deploy'];
  /** Undefined where it is not known, as of the local DSQL. */
  readonly region: string | undefined;
}

/** What a load costs. */
export interface Estimate {
  readonly rows: WrittenRows;
  readonly transactions: number;
  readonly dpu: Dpu;
  readonly aws: RunInAws;
  readonly usd: {
    readonly dsql: number;
    readonly lambda: number;
    readonly step_functions: number;
    readonly total: number;
  };
  /** The prices are those of the Region, and not of another one in its place. */
  readonly own_prices: boolean;
}

/** Estimates a load from its size, by formulas and assumptions that stand beside them. */
export function estimateLoad({ deploy, region, rows, settings, size }: EstimateBasis): Estimate {
  const { own, prices } = pricesIn(region);
  const indexes = settings.indexes.length + (settings.key_columns.length > 0 ? 1 : 0);
  const dpu = dpuOf(size, rows, indexes, deploy.regions !== undefined);
  const written = rows.inserted + rows.updated + rows.deleted;
  const bytes = size.rows * size.row_bytes;
  const aws = runInAws(
    { rows: written + rows.unchanged, bytes, chunks: size.chunks },
    deploy,
    {
      indexes: settings.indexes.length > 0,
      concludes: loadModeTraits[settings.load_mode].deletesUnread || settings.verify !== 'off',
      tells: settings.notify?.on_success === true,
      takesObjects: traitsOf(settings).filePaths(settings).some(isS3Path),
      shapes: settings.explode !== undefined || settings.flatten !== undefined,
    },
    piecesOf({ raw: { parts: [{ bytes }] }, settings }, deploy.scatter_above_mb),
  );
  const dsql = (dpu.total * prices.perMillionDpu) / 1e6;
  const lambda = aws.gb_seconds * prices.perGbSecond[deploy.architecture] + (aws.calls * prices.perMillionCalls) / 1e6;
  const steps = (aws.transitions * prices.perThousandTransitions) / 1e3;
  return {
    rows,
    transactions: size.transactions,
    dpu,
    aws,
    usd: { dsql, lambda, step_functions: steps, total: dsql + lambda + steps },
    own_prices: own,
  };
}

/** Every clean row is inserted, which is the most that a load can write. */
export function allInserted(size: Pick<LoadSize, 'rows'>): WrittenRows {
  return { inserted: size.rows, updated: 0, unchanged: 0, deleted: 0 };
}
