/** AWS's signer: a package that only those install who log in to Amazon MSK with IAM. */
declare module 'aws-msk-iam-sasl-signer-js' {
  export function generateAuthToken(options: { readonly region: string }): Promise<{
    readonly token: string;
    /** ms since the epoch. */
    readonly expiryTime: number;
  }>;
}
