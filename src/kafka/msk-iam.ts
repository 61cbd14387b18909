import { messageOf } from '../ports/errors.ts';
import { LoginRefused } from './login-refused.ts';
import type { Token } from './tokens.ts';

const PACKAGE = 'aws-msk-iam-sasl-signer-js';

type Signer = Pick<typeof import('aws-msk-iam-sasl-signer-js'), 'generateAuthToken'>;

/**
 * A token for Amazon MSK, signed with the credentials that AWS's SDK finds where it runs.
 * @throws LoginRefused where the signer is not installed
 */
export async function fetchMskToken(region: string, load: () => Promise<Signer> = loadSigner): Promise<Token> {
  let signer: Signer;
  try {
    signer = await load();
  } catch (error) {
    throw new LoginRefused(
      `kafka.sasl.mechanism aws-msk-iam needs the package ${PACKAGE}: ${messageOf(error)}`,
      `install it beside tidemark: npm install ${PACKAGE}`,
      { cause: error },
    );
  }
  const { token, expiryTime } = await signer.generateAuthToken({ region });
  return { value: token, expires: expiryTime };
}

/** AWS's SDK is some 30 MB: it is not installed for everybody. */
function loadSigner(): Promise<Signer> {
  return import('aws-msk-iam-sasl-signer-js');
}
