/** One object, or a part of a bucket. */
export interface S3Place {
  readonly bucket: string;
  readonly key: string;
}

/** Begins the path of an object that is taken by its very key; the configuration cannot write one. */
const objectScheme = 's3-object://';

/** Whether a path means Amazon S3; the scheme of a URL is the same in capitals (RFC 3986 §3.1). */
export function isS3Path(path: string): boolean {
  return /^s3(-object)?:\/\//i.test(path);
}

/** The path of one object, whose key may have the characters of globs or end in a slash. */
export function objectPath({ bucket, key }: S3Place): string {
  return `${objectScheme}${bucket}/${key}`;
}

/** Whether a path is one of `objectPath`. */
export function isObjectPath(path: string): boolean {
  return path.startsWith(objectScheme);
}

/** The two parts of `s3://bucket/key`; empty where the path has none. */
export function s3Place(path: string): S3Place {
  const [, bucket = '', key = ''] = /^s3(?:-object)?:\/\/([^/]+)\/?(.*)$/is.exec(path) ?? [];
  return { bucket, key };
}
