import { describe, expect, it } from 'vitest';
import { InvalidConfigError } from '../../lib/config/errors.ts';
import { parseConfig } from '../../lib/config/read-config.ts';

function problemsOf(settings: object): string {
  const pipeline = { source_type: 'api', endpoint: 'rows', target_table: 't', ...settings };
  try {
    parseConfig(
      JSON.stringify({ data_source: { base_url: 'https://a.example.com' }, pipelines: { p: pipeline } }),
      'e',
    );
    return '';
  } catch (thrown) {
    if (!(thrown instanceof InvalidConfigError)) throw thrown;
    return thrown.problems.map(({ message, path }) => `${path}: ${message}`).join('\n');
  }
}

describe('etl check refuses bodies and formats that mean nothing', () => {
  it.each([
    [{ body_format: 'form' }, 'p.body_format: needs method: POST'],
    [{ array_format: 'commas' }, 'p.array_format: says how lists are sent, and there is none in params'],
    [
      { method: 'POST', body_format: 'form', body: { a: { b: 1 } } },
      'p.body.a: is an object, which a form cannot hold',
    ],
    [{ format: 'xml', csv: {} }, 'p.csv: says how to read csv, but format is xml'],
    [{ format: 'csv', records_path: '$.a' }, 'p.records_path: leads through JSON and XML, but format is csv'],
    [{ format: 'csv', include: { a: '$.b' } }, 'p.include: takes from JSON and XML, but format is csv'],
    [{ csv: { thousands_separator: '.' } }, 'p.csv.thousands_separator: is for files'],
    [{ csv: { header: false } }, 'p.csv.names: are needed where header is false'],
    [{ csv: { quote: ',' } }, 'p.csv.quote: must differ from the delimiter'],
    [{ encoding: 'klingon' }, 'p.encoding: must be the name of a charset'],
    [{ params: { a: ['{watermark}'] } }, 'p.params.a[0]: has the placeholder {watermark}, which needs incremental'],
  ])('%j', (settings, problem) => {
    expect(problemsOf(settings)).toContain(problem);
  });
});
