import { ResponseNotDeliveredError } from './errors.ts';

export interface ResourceRequest {
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
}

/** CloudFormation reads 4,096 bytes of the response at most. */
const maxReason = 2_000;

/**
 * Tells CloudFormation how a custom resource ended, at the presigned URL it gave (user guide, "Custom resource response
 * objects"). The physical id never changes, so an update never replaces, and so never deletes.
 *
 * @throws {ResponseNotDeliveredError} transient
 */
export async function respondToCloudFormation(
  request: ResourceRequest,
  outcome: { readonly status: 'SUCCESS' | 'FAILED'; readonly reason: string },
): Promise<void> {
  const { LogicalResourceId, RequestId, ResponseURL, StackId } = request;
  const body = JSON.stringify({
    Status: outcome.status,
    Reason: outcome.reason.slice(0, maxReason),
    PhysicalResourceId: 'dsql-etl-bootstrap',
    StackId,
    RequestId,
    LogicalResourceId,
  });
  let response: Response;
  try {
    // The URL is signed for an empty content type.
    response = await fetch(ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } });
  } catch (cause) {
    throw new ResponseNotDeliveredError('the request failed', { cause });
  }
  if (!response.ok) throw new ResponseNotDeliveredError(`the status was ${response.status}`);
}
