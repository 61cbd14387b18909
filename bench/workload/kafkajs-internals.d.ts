/** Parts of KafkaJS that it does not export and that have no types. */
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
