/** One object, or a part of a bucket. */
export interface S3Place {
  readonly bucket: string;
  readonly key: string;
}

/** Whether a configured path means Amazon S3; the scheme of a URL is the same in capitals (RFC 3986 §3.1). */
export function isS3Path(path: string): boolean {
  return /^s3:\/\//i.test(path);
}

/** The two parts of `s3://bucket/key`; empty where the path has none. */
export function s3Place(path: string): S3Place {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/is.exec(path) ?? [];
  return { bucket, key };
}
