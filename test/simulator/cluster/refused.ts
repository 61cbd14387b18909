/** What a broker answers instead of doing what it was asked, by KafkaJS's names. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly type: string;

  constructor(type: string) {
    super(type);
    this.type = type;
  }
}

/** Who asks: the brokers refuse an epoch that a newer producer has ended. */
export interface Sender {
  readonly producerId: number;
  readonly producerEpoch: number;
}
