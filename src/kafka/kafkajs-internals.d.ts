/** Parts of KafkaJS that it does not export and that have no types. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    scheduleCheckPendingRequests(): void;
  }
}
