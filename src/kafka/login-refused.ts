/** A broker, or the endpoint of tokens, refused the credentials: that is final, unless they were right before. */
export class LoginRefused extends Error {
  // By this name KafkaJS, too, knows that another try with the same credentials is of no use.
  override readonly name = 'KafkaJSSASLAuthenticationError';
  readonly retriable = false;
  /** What to do. */
  readonly help: string;

  constructor(message: string, help: string, options?: ErrorOptions) {
    super(message, options);
    this.help = help;
  }
}
