/** Addresses of every view, of a pipeline and one of its runs. */
export function pagesOf(pipeline: string, runId: string, table: string): Readonly<Record<string, string>> {
  return {
    overview: '/',
    'overview by duration': '/?bars=duration&status=problems',
    pipeline: `/pipelines/${encodeURIComponent(pipeline)}`,
    run: `/runs/${runId}`,
    rejected: '/rejected?all=1',
    data: '/data',
    table: `/data/${encodeURIComponent(table)}`,
    missing: '/runs/none',
  };
}
