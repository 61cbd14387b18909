/** Parts of KafkaJS that it does not export and that have no types. */
declare module 'kafkajs/src/protocol/encoder.js' {
  export default class Encoder {
    constructor(initialSize?: number);
    writeInt16(value: number): this;
    writeInt32(value: number): this;
    writeString(value: string | null): this;
    writeBufferInternal(value: Buffer): void;
  }
}
declare module 'kafkajs/src/protocol/requests/produce/v7/response.js' {
  interface ProduceAnswer {
    readonly topics: readonly {
      readonly partitions: readonly {
        readonly partition: number;
        readonly baseOffset: string;
        readonly logAppendTime: string;
      }[];
    }[];
  }
  const response: {
    decode(data: Buffer): Promise<ProduceAnswer>;
    parse(data: ProduceAnswer): Promise<ProduceAnswer>;
  };
  export default response;
}
