import type { TableDefinition } from './table-definition.ts';

/** A row a pipeline: how far its source has been loaded and who works on it. A row too for a table that is being changed. */
export const pipelineState = {
  name: 'etl_state',
  columns: {
    pipeline_name: { type: 'text' },
    watermark: { type: 'jsonb' },
    lease: { type: 'jsonb' },
    run_id: { type: 'text' },
    /** Of the last holder of the lease; grows with every holder. */
    epoch: { type: 'bigint' },
    updated_at: { type: 'timestamptz', required: true, default: 'CURRENT_TIMESTAMP' },
  },
  primaryKey: ['pipeline_name'],
} as const satisfies TableDefinition;
