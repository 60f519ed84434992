import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { DeployStage } from './deploy-stage.ts';
import { acknowledge } from './nag.ts';

/** Where runs keep their parts, chunks and manifests; emptied by every success, and by time. */
export class StagingBucket extends Construct {
  readonly bucket: Bucket;

  private readonly keyArn: string | undefined;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly days: number; readonly stage: DeployStage; readonly keyArn?: string | undefined },
  ) {
    super(scope, id);
    this.keyArn = props.keyArn;
    this.bucket = new Bucket(this, 'Bucket', {
      ...(props.keyArn === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : {
            encryption: BucketEncryption.KMS,
            encryptionKey: Key.fromKeyArn(this, 'Key', props.keyArn),
            bucketKeyEnabled: true,
          }),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: props.stage.removalPolicy,
      minimumTLSVersion: 1.2,
      lifecycleRules: [
        { expiration: Duration.days(props.days), abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    acknowledge(
      this.bucket,
      'AwsSolutions-S1',
      'Holds the files of runs for days; CloudTrail data events tell who read them where that matters.',
    );
  }

  /** Reading what other stages left. */
  readStatement(): PolicyStatement {
    return this.statement('ReadStaging', ['s3:GetObject']);
  }

  writeStatement(): PolicyStatement {
    return this.statement('WriteStaging', ['s3:PutObject']);
  }

  /** Keeping why a child execution of the state machine failed. */
  failureStatement(): PolicyStatement {
    return this.statement('WriteStagingFailures', ['s3:PutObject'], 'runs/*/failures/*');
  }

  /** Reading which items a distributed map of the state machine has. */
  itemsStatement(): PolicyStatement {
    return this.statement('ReadStagingItems', ['s3:GetObject'], 'runs/*/lists/*');
  }

  /** Writing what the children of a distributed map have given (developer guide, "IAM policies for using Distributed Map states"). */
  resultsStatement(): PolicyStatement {
    const actions = ['s3:PutObject', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'];
    return this.statement('WriteStagingResults', actions, 'runs/*/results/*');
  }

  /** Ending an upload that failed midway. */
  abortStatement(): PolicyStatement {
    return this.statement('AbortStaging', ['s3:AbortMultipartUpload']);
  }

  /** Clearing a run's files when it has ended. */
  removeStatement(): PolicyStatement {
    return this.statement('RemoveStaging', ['s3:DeleteObject']);
  }

  /** Without it, and without conditions, S3 responds with 403 instead of 404 for an object that does not exist. */
  listStatement(): PolicyStatement {
    return new PolicyStatement({
      sid: 'ListStaging',
      actions: ['s3:ListBucket'],
      resources: [this.bucket.bucketArn],
    });
  }

  /** What these statements need of the bucket's key, where it has one of its own: parts of uploads are read as well. */
  keyStatements(statements: readonly PolicyStatement[]): readonly PolicyStatement[] {
    const may = (sid: string): boolean => statements.some((statement) => statement.sid?.startsWith(sid) === true);
    const writes = may('WriteStaging');
    if (this.keyArn === undefined || !(writes || may('ReadStaging'))) return [];
    const actions = ['kms:Decrypt', ...(writes ? ['kms:GenerateDataKey'] : [])];
    return [new PolicyStatement({ sid: 'UseStagingKey', actions, resources: [this.keyArn] })];
  }

  private statement(sid: string, actions: string[], keys = 'runs/*'): PolicyStatement {
    return new PolicyStatement({ sid, actions, resources: [this.bucket.arnForObjects(keys)] });
  }
}
