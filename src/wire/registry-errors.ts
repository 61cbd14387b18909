/** No answer, or one that says nothing about what was asked: a connection, a timeout, a 5xx. Try again later. */
export class RegistryUnreachable extends Error {
  override readonly name = 'RegistryUnreachable';
}

/** The registry answered and said no: wrong credentials, an incompatible schema. Trying again changes nothing. */
export class RegistryRefused extends Error {
  override readonly name = 'RegistryRefused';
  /** HTTP status; 409 is an incompatible schema. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/**
 * The registry does not know an id, but not our own schema either: it may be another one, or have lost its state. What
 * it does not know now says nothing about a record. Wait and ask again.
 */
export class RegistryUnsure extends Error {
  override readonly name = 'RegistryUnsure';
}
