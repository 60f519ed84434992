import { expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { indexDemands, tableDemand } from '../../lib/run/table-demand.ts';

const columns = ['uuid_id', 'order_id', 'extracted_at'].map((name) => ({
  name,
  source_name: name === 'order_id' ? 'Order ID' : undefined,
}));

function demandOf(settings: string): () => unknown {
  const config = parseConfig(
    `pipelines: { p: { source_type: file, file_path: a.csv, target_table: t, ${settings} } }`,
    'etl.yaml',
  );
  const context = { pipeline: { name: 'p', settings: config.pipelines.p, dataSource: config.data_source } };
  return () => [
    tableDemand(context as never, { columns } as never),
    indexDemands(context as never, { columns } as never),
  ];
}

it.each(['key_columns: [Order ID, order_id]', 'indexes: [[ORDER_ID, Order ID]]'])(
  'two spellings of one column are an error that names it: %s',
  (settings) => {
    expect(demandOf(settings)).toThrow(
      /Pipeline p: (key_columns|indexes) names the column order_id twice\. Name it once\./,
    );
  },
);
