import { z } from 'zod';

/** Where rows come from. Every field of a source stands flat in its pipeline, as in the article's configuration. */

const parameterSchema = z.union([z.string(), z.number(), z.boolean()]);

export const dataSourceSchema = z.strictObject({
  base_url: z.url().optional().describe("Root of the API; a pipeline's endpoint is appended to it."),
});

export const apiSourceShape = {
  source_type: z.literal('api'),
  endpoint: z.string().min(1).describe('Path under data_source.base_url, e.g. "users".'),
  params: z.record(z.string(), parameterSchema).default({}).describe('Query parameters of the request.'),
};

export const fileSourceShape = {
  source_type: z.literal('file'),
  file_path: z.string().min(1).describe('Path of the file, relative to the configuration file.'),
};

export type DataSource = z.infer<typeof dataSourceSchema>;
