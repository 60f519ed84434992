/** CloudWatch's namespace of the service's metrics. */
export const metricNamespace = 'DsqlEtl';

/** How runs end, each a count of 1, and what they did with rows; by `service` and `pipeline`. */
export const runMetrics = [
  'RunsSucceeded',
  'RunsFailed',
  /** The source held nothing that was not loaded already. */
  'RunsUnchanged',
  /** Another run of the pipeline was under way. */
  'RunsSkipped',
  'RowsRead',
  'RowsFiltered',
  'RowsDeduplicated',
  'RowsRejected',
  'RowsLoaded',
  'ConflictRetries',
  'RunSeconds',
  /** Seconds in which functions worked on a stage, those that worked at once added up. */
  'ExtractSeconds',
  'TransformSeconds',
  'LoadSeconds',
] as const;

/** What alarms look at, by `service` alone. */
export const serviceMetrics = [
  /** A deployment has ended; from then on a scheduled pipeline has its window for a success. */
  'Deployed',
  /** A run succeeded of which a larger share of rows was rejected than `deploy.alarms.rejected_ratio`. */
  'RunsWithManyRejected',
  /** An object of a pipeline has waited for its run longer than `deploy.alarms.queue_age_minutes`. */
  'ObjectsOverdue',
  /** A run read no row, and none of the pipeline's earlier runs had read none. */
  'SourcesEmpty',
] as const;

export type RunMetric = (typeof runMetrics)[number];
export type ServiceMetric = (typeof serviceMetrics)[number];
