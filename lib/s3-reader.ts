/** The part of an S3 client that reading files needs; the client itself is passed in. */
export interface S3Reader {
  readonly headObject: (input: {
    readonly Bucket: string;
    readonly Key: string;
    readonly VersionId?: string | undefined;
  }) => Promise<S3Head>;
  readonly getObject: (
    input: {
      readonly Bucket: string;
      readonly Key: string;
      readonly VersionId?: string | undefined;
      readonly Range?: string | undefined;
      readonly IfMatch?: string | undefined;
    },
    options?: { readonly abortSignal?: AbortSignal },
  ) => Promise<S3Body>;
  readonly listObjectsV2: (input: {
    readonly Bucket: string;
    readonly Prefix?: string | undefined;
    readonly ContinuationToken?: string | undefined;
  }) => Promise<S3Page>;
}

interface S3Head {
  readonly ContentLength?: number | undefined;
  readonly ETag?: string | undefined;
  readonly VersionId?: string | undefined;
}

/** The response to a ranged GET. */
export interface S3Body {
  readonly ETag?: string | undefined;
  readonly Body?: { readonly transformToByteArray: () => Promise<Uint8Array> } | undefined;
}

interface S3Page {
  readonly Contents?:
    | readonly {
        readonly Key?: string | undefined;
        readonly Size?: number | undefined;
        readonly ETag?: string | undefined;
        readonly LastModified?: Date | undefined;
      }[]
    | undefined;
  readonly NextContinuationToken?: string | undefined;
}
