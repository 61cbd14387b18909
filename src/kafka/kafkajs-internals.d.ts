/** Parts of KafkaJS that it does not export and that have no types. */
declare module 'kafkajs/src/network/connection.js' {
  export default class Connection {
    processData(bytes: Buffer): void;
  }
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    scheduleCheckPendingRequests(): void;
  }
}

declare module 'kafkajs/src/protocol/decoder.js' {
  export default class Decoder {
    constructor(bytes: Buffer);
  }
}

declare module 'kafkajs/src/protocol/messageSet/decoder.js' {
  import type { KafkaMessage } from 'kafkajs';
  import type Decoder from 'kafkajs/src/protocol/decoder.js';
  /** Messages of the formats before record batches. */
  export default function readMessageSet(decoder: Decoder, bytes: number): Promise<KafkaMessage[]>;
}

declare module 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js' {
  import type { KafkaMessage } from 'kafkajs';
  import type Decoder from 'kafkajs/src/protocol/decoder.js';
  /** A length of four bytes, and as many bytes of messages or record batches. */
  export default function decodeMessages(decoder: Decoder): Promise<KafkaMessage[]>;
}
