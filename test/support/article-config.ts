/** The article's configuration. A test that runs it says where its API is, and its file. */
export function articleConfig(
  places: { readonly baseUrl: string; readonly salesFile: string } = {
    baseUrl: 'https://api.example.com',
    salesFile: '/data/sales.csv',
  },
): string {
  return `{
  "aurora_dsql": { "hostname": "your-cluster.dsql.us-east-1.on.aws", "region": "us-east-1" },
  "data_source": { "base_url": "${places.baseUrl}" },
  "pipelines": {
    "user_data_pipeline": {
      "source_type": "api", "endpoint": "users", "params": { "limit": 1000, "format": "json" },
      "target_table": "users", "load_mode": "upsert", "key_columns": ["user_id"],
      "business_rules": [
        { "type": "filter", "condition": "status == 'active'" },
        { "type": "enrich", "new_column": "full_name", "logic": "first_name + ' ' + last_name" }
      ]
    },
    "sales_data_pipeline": { "source_type": "file", "file_path": "${places.salesFile}", "target_table": "sales", "load_mode": "insert" }
  }
}`;
}
