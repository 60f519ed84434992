import { describe, expect, it } from 'vitest';
import { allows, grantsOf } from '../permissions.ts';
import type { Deployed } from './deployed.ts';

/** Access to the database and to the account. */
export function testPrivileges(deployed: Deployed): void {
  describe('the bootstrap resource', () => {
    it('answers an update, and a delete that takes access away and leaves the data', async () => {
      expect(await deployed.service.bootstrap('Update')).toMatchObject({
        Status: 'SUCCESS',
        PhysicalResourceId: 'dsql-etl-bootstrap',
      });
      const mapped = async () =>
        (await deployed.service.target.sql`SELECT arn FROM sys.iam_pg_role_mappings WHERE pg_role_name = 'dsql_etl'`)
          .length;
      expect(await mapped()).toBe(7);
      expect(await deployed.service.bootstrap('Delete')).toMatchObject({ Status: 'SUCCESS' });
      expect(await mapped()).toBe(0);
      expect(await deployed.service.target.sql`SELECT count(*) > 0 AS kept FROM etl_execution_log`).toMatchObject([
        { kept: true },
      ]);
      expect(await deployed.service.bootstrap('Create')).toMatchObject({ Status: 'SUCCESS' });
      expect(await mapped()).toBe(7);
    });
  });

  describe('least privilege', () => {
    /** Actions that leave no trace in HTTP here, and why they are needed all the same. */
    const unseen: Readonly<Record<string, string>> = {
      'logs:CreateLogStream': 'Lambda itself writes the log',
      'logs:PutLogEvents': 'Lambda itself writes the log',
      'xray:PutTraceSegments': 'the X-Ray daemon sends what the tracer gives it',
      'xray:PutTelemetryRecords': 'the X-Ray daemon sends what the tracer gives it',
      'kms:GenerateDataKey': 'SNS asks for it in the name of who publishes to an encrypted topic',
      'kms:Decrypt': 'SNS asks for it in the name of who publishes to an encrypted topic',
      'sqs:SendMessage': 'Lambda and the Scheduler send what failed to the dead letter queue',
      'sqs:ReceiveMessage': 'Lambda receives messages in the name of the function',
      'sqs:DeleteMessage': 'Lambda deletes messages in the name of the function',
      'sqs:GetQueueAttributes': 'Lambda looks at the queue in the name of the function',
      'states:StartExecution': 'the Scheduler starts executions',
      'states:DescribeExecution': 'Step Functions follows the children of a distributed map in the name of the machine',
      'states:StopExecution': 'Step Functions stops the children of a distributed map that has failed',
      's3:GetObjectVersion': 'read instead of s3:GetObject where the source bucket keeps versions',
      's3:AbortMultipartUpload': 'ends an upload of more than 32 MiB that failed midway',
      's3:ListMultipartUploadParts': 'Step Functions writes large results of a distributed map in parts',
    };
    /** What Step Functions needs to deliver its own log and traces (Developer Guide, "Logging using CloudWatch Logs"). */
    const delivery = /^(logs:(Create|Delete|Get|List|Update)LogDeliver|logs:Describe|logs:PutResourcePolicy|xray:)/;

    const principalOf = (roleId: string): string =>
      Object.entries(deployed.service.functions).find(([, fn]) => fn.roleId === roleId)?.[0] ??
      (roleId.startsWith('Runs') ? 'machine' : roleId);
    const cluster = (): string =>
      grantsOf(deployed.service.assembly).find((grant) => grant.action === 'dsql:DbConnect')?.resource ?? '';

    /** The guard of the local DSQL has checked each token: DbConnectAdmin for admin, DbConnect for everyone else. */
    const connections = () =>
      Object.entries(deployed.service.functions).map(([principal, fn]) => ({
        principal,
        action: fn.environment.ETL_DSQL_USER === 'admin' ? 'dsql:DbConnectAdmin' : 'dsql:DbConnect',
        resource: cluster(),
      }));

    it('allows every call that was made, to the one who made it', () => {
      const grants = grantsOf(deployed.service.assembly);
      const calls = [...deployed.service.calls, ...connections()];
      expect(deployed.service.calls.length).toBeGreaterThan(300);
      const refused = calls.filter(
        (call) => !grants.some((grant) => principalOf(grant.role) === call.principal && allows(grant, call)),
      );
      expect(refused).toEqual([]);
    });

    it('grants nothing that was not used, but what is used out of sight', () => {
      const calls = [...deployed.service.calls, ...connections()];
      const idle = grantsOf(deployed.service.assembly).filter((grant) => {
        const principal = principalOf(grant.role);
        // Its pipeline fails before extract is called.
        if (grant.resource.includes('absent.csv')) return false;
        // Without it S3 says of an object that was deleted meanwhile that it is forbidden.
        if (['transform', 'scatter'].includes(principal) && grant.action === 's3:ListBucket') return false;
        // The large files of these pipelines are JSON documents, which are copied; `execution-scatter` reads others in pieces.
        if (principal === 'scatter' && /^arn:aws:s3:::(incoming|cdk-)/.test(grant.resource)) return false;
        // Step Functions reads what it has written of the results of a distributed map.
        if (principal === 'machine' && /^s3:GetObject .*results/.test(`${grant.action} ${grant.resource}`))
          return false;
        if (unseen[grant.action] !== undefined || (principal === 'machine' && delivery.test(grant.action)))
          return false;
        return !calls.some((call) => call.principal === principal && allows(grant, call));
      });
      expect(idle).toEqual([]);
    });

    it('lets bootstrap alone connect as admin, and nobody else create a table', async () => {
      const admins = grantsOf(deployed.service.assembly).filter((grant) => grant.action === 'dsql:DbConnectAdmin');
      expect(admins.map((grant) => principalOf(grant.role))).toEqual(['bootstrap']);
      const owners = await deployed.service.target
        .sql`SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'`;
      expect(owners).toMatchObject([{ tableowner: 'admin' }]);
    });
  });
}
