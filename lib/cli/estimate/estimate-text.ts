import { computeDpuPerRow } from '../../estimate/dpu.ts';
import type { Estimate } from '../../estimate/estimate-load.ts';
import { assumedRowsPerSecond } from '../../estimate/run-in-aws.ts';
import type { PipelineEstimate } from '../../preview/estimate-pipeline.ts';
import { duration, listLines } from '../terminal-text.ts';

const count = (value: number): string => Math.ceil(value).toLocaleString('en');
const money = (usd: number): string => (usd > 0 && usd < 0.01 ? `$${usd.toPrecision(2)}` : `$${usd.toFixed(2)}`);

interface Line {
  readonly what: string;
  readonly value: (estimate: Estimate) => string;
}

const lines: readonly Line[] = [
  { what: 'rows inserted', value: ({ rows }) => count(rows.inserted) },
  { what: 'rows updated', value: ({ rows }) => count(rows.updated) },
  { what: 'rows deleted', value: ({ rows }) => count(rows.deleted) },
  { what: 'DPU to write', value: ({ dpu }) => count(dpu.write) },
  { what: 'DPU to replicate', value: ({ dpu }) => count(dpu.replicated) },
  { what: 'DPU to read', value: ({ dpu }) => count(dpu.read) },
  { what: 'DPU to compute (assumed)', value: ({ dpu }) => count(dpu.compute) },
  { what: 'calls of functions', value: ({ aws }) => count(aws.calls) },
  { what: 'GB-seconds (assumed)', value: ({ aws }) => count(aws.gb_seconds) },
  { what: 'state transitions', value: ({ aws }) => count(aws.transitions) },
  { what: 'time in AWS (assumed)', value: ({ aws }) => duration(aws.seconds) },
  { what: 'Aurora DSQL', value: ({ usd }) => money(usd.dsql) },
  { what: 'Lambda', value: ({ usd }) => money(usd.lambda) },
  { what: 'Step Functions', value: ({ usd }) => money(usd.step_functions) },
  { what: 'together', value: ({ usd }) => money(usd.total) },
];

/** An estimate as text: what was measured, what is computed of it, and what is assumed. */
export function describeEstimate(estimate: PipelineEstimate): string {
  const { expected, measured, most, over_budget: over, pipeline_name, target_table } = estimate;
  const rows = lines.map(({ value, what }) => [
    `  ${what}`,
    expected === null ? 'unknown' : value(expected),
    value(most),
  ]);
  const heads = [{ head: '' }, { head: 'expected', right: true }, { head: 'at most', right: true }];
  return [
    `${pipeline_name} → ${target_table}, ${estimate.load_mode}${outcomeText(estimate)}`,
    'Measured here',
    `  ${count(measured.rows_read)} rows read and ${count(measured.rows)} to load, in ${duration(measured.read_seconds)}; ${count(measured.row_bytes)} bytes a row`,
    `  ${count(most.transactions)} transactions in ${count(measured.chunks)} ${measured.chunks === 1 ? 'chunk' : 'chunks'}`,
    'Computed of it by the formulas of the user guide, for a run in AWS',
    ...listLines(heads, rows, Number.POSITIVE_INFINITY),
    'Assumed',
    `  ${computeDpuPerRow} DPU of processors a row; ${count(assumedRowsPerSecond)} rows/s into the table, as AWS gives for one that is new; "at most" inserts every row`,
    `  ${priceText(estimate)}`,
    ...(over === null ? [] : ['Budget', `  ${over}`]),
  ].join('\n');
}

function outcomeText({ outcome }: PipelineEstimate): string {
  if (outcome.status === 'load') return '';
  return outcome.status === 'skip'
    ? `: a run would skip this. ${outcome.message}`
    : `: a run would fail: ${outcome.message} (${outcome.code})`;
}

function priceText({ prices }: PipelineEstimate): string {
  const list = `list prices of ${prices.region} of ${prices.of}, without free tiers, discounts, storage and traffic`;
  return prices.own ? list : `${list}; the cluster's Region is not known or not listed`;
}
