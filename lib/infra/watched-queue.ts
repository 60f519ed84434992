import type { IQueue } from 'aws-cdk-lib/aws-sqs';

/** A queue whose depth and age people watch. */
export interface WatchedQueue {
  /** As the dashboard and the alarm call it, e.g. the pipeline that it feeds. */
  readonly name: string;
  readonly queue: IQueue;
}
