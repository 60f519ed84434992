import { describe, expect, it } from 'vitest';
import { executionLink, logsLink } from '../../lib/ui/aws-links.ts';

const arn = 'arn:aws:states:ap-northeast-1:123456789012:execution:dsql-etl-prod:schedule-2026.11_27';
const place = { arn, log_groups: ['dsql-etl-prod-FunctionsLoadLog1A2B-x', '/own/extract'] };
const when = { from: new Date('2026-11-27T00:10:00Z'), to: new Date('2026-11-27T00:20:30Z') };

/** The address of a query, read as the console reads it. */
function readDetail(link: string): Readonly<Record<string, string | readonly string[]>> {
  const [, body = ''] = /\$3FqueryDetail\$3D~\((.*)\)$/s.exec(link) ?? [];
  const text = (written: string): string => decodeURIComponent(written.replace(/^'/, '').replaceAll('*', '%'));
  const [, plain = '', groups = ''] = /^(.*)~source~\((.*)\)$/s.exec(body) ?? [];
  const parts = plain.split('~');
  const entries = parts.flatMap((name, index) =>
    index % 2 === 0 ? [[name, text(parts[index + 1] ?? '')] as const] : [],
  );
  return { ...Object.fromEntries(entries), source: groups.split('~').slice(1).map(text) };
}

describe('links into AWS', () => {
  it('lead to the very execution, in the console of its Region and partition', () => {
    expect(executionLink(place)).toBe(
      `https://ap-northeast-1.console.aws.amazon.com/states/home?region=ap-northeast-1#/v2/executions/details/${arn}`,
    );
    const china = { ...place, arn: arn.replace('arn:aws:', 'arn:aws-cn:').replace('ap-northeast-1', 'cn-north-1') };
    expect(executionLink(china)).toContain('https://cn-north-1.console.amazonaws.cn/');
    for (const other of ['', 'run-1', 'arn:aws:lambda:us-east-1:1:function:x', `${arn}"><script>`]) {
      expect(executionLink({ ...place, arn: other }), other).toBeUndefined();
      expect(logsLink({ ...place, arn: other }, when), other).toBeUndefined();
    }
  });

  it('lead to the lines of that execution alone, of all its functions, around its time', () => {
    const link = logsLink(place, when) ?? '';
    expect(link).toMatch(
      /^https:\/\/ap-northeast-1\.console\.aws\.amazon\.com\/cloudwatch\/home\?region=ap-northeast-1#logsV2:logs-insights\$3F/,
    );
    expect(readDetail(link)).toEqual({
      start: '2026-11-27T00:05:00.000Z',
      end: '2026-11-27T00:25:30.000Z',
      timeType: 'ABSOLUTE',
      tz: 'UTC',
      editorString:
        'fields @timestamp, service, level, message\n| filter execution = "schedule-2026.11_27"\n| sort @timestamp asc\n| limit 10000',
      source: place.log_groups,
    });
    expect(logsLink({ ...place, log_groups: [] }, when)).toBeUndefined();
  });
});
