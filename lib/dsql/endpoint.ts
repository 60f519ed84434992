/** Where a database listens and as whom to connect. */
export interface Endpoint {
  readonly hostname: string;
  /** Where the name leads, if that is known: then it need not be looked up. The certificate is still the name's. */
  readonly address?: string | undefined;
  readonly port: number;
  readonly region: string;
  readonly user: string;
  readonly database: string;
  /** PEM of the authority that signed the server's certificate, where it is not one of the system's. */
  readonly ca?: string;
}

/** The Region inside a cluster's name: `<id>.dsql.us-east-1.on.aws`, also with a PrivateLink service id. */
export function regionOfHostname(hostname: string): string | undefined {
  return /\.dsql[^.]*\.([^.]+)\.on\.aws$/.exec(hostname)?.[1];
}
