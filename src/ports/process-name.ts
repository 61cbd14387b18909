import { hostname } from 'node:os';

/** What this process, with all its threads, is called where it owns partitions and in the consumer group. */
export const PROCESS_NAME = `${hostname()}:${process.pid}`;
