/** What `s3:listObjectsV2` says of an object, in the names that a child execution gets (Developer Guide, "ItemReader"). */
export interface ListedObject {
  readonly Etag: string;
  readonly Key: string;
  /** Seconds since 1970. */
  readonly LastModified: number;
  readonly Size: number;
  readonly StorageClass: string;
}

/** S3 as far as a distributed map speaks to it. Any error that it throws is one of S3. */
export interface MapObjects {
  readonly get: (bucket: string, key: string, versionId?: string) => Promise<Buffer>;
  /** In the order of their keys. */
  readonly list: (bucket: string, prefix: string) => Promise<readonly ListedObject[]>;
  readonly put: (bucket: string, key: string, body: string) => Promise<void>;
}
