/** AWS's signer: a package that is installed only for logins to Amazon MSK with IAM. */
declare module 'aws-msk-iam-sasl-signer-js' {
  export function generateAuthToken(options: { readonly region: string }): Promise<{
    readonly token: string;
    /** ms since the epoch. */
    readonly expiryTime: number;
  }>;
}
