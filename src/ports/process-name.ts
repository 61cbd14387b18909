import { hostname } from 'node:os';

/** The name of this process, with all its threads, as an owner of partitions and in the consumer group. */
export const PROCESS_NAME = `${hostname()}:${process.pid}`;
