/**
 * The thread that folds: a member of the consumer group with connections and a heap of its own, which does all that the
 * processor does but HTTP. It shares nothing with the other threads, so what holds between two processes holds between two of
 * these.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Observer } from '../../ports/observer.ts';
import type { Processor } from '../../processor/processor.ts';
import { runProcessor } from '../assemble.ts';
import { makeLogger } from '../logger.ts';
import { measureLoad } from './load.ts';
import { errorForm, type Task, type ThreadOrder, type ThreadState, type WorkerMessage } from './messages.ts';

/** How often the thread sends its state and its load, ms. */
const SEND_EVERY = 200;
/** Longest that something which a client still holds open keeps the thread after its end, ms. */
const LINGER = 2_000;

const { settings, prepared, worker, terminal } = workerData as Task;
const port = parentPort!;
const send = (message: WorkerMessage) => port.postMessage(message);

/** All of the observer's methods, by a type that does not compile where one is missing. */
const METHODS = Object.keys({
  committed: true,
  published: true,
  misplaced: true,
  failed: true,
  rebalanced: true,
  takenOver: true,
} satisfies Record<keyof Observer, true>) as (keyof Observer)[];
const observer = Object.fromEntries(
  METHODS.map((method) => [method, (...args: unknown[]) => send({ observed: { method, args } })]),
) as unknown as Observer;

const root = makeLogger(settings.log, { write: (log) => send({ log }) }, terminal);
const logger = worker === null ? root : root.child({ worker });

let processor: Processor | null = null;
const sendState = () => send({ standing: threadStateOf(processor) });
const load = measureLoad();

const ending = new AbortController();
const joining = Promise.withResolvers<void>();
port.on('message', (order: ThreadOrder) => {
  if (order === 'stop') ending.abort();
  joining.resolve();
});
const sending = setInterval(() => {
  sendState();
  send({ load: load() });
}, SEND_EVERY);
try {
  await runProcessor(settings, prepared, logger, ending.signal, {
    observer,
    onStarted: (started) => {
      processor = started;
      sendState();
    },
    together: () => {
      send({ ready: true });
      return joining.promise;
    },
  });
} catch (error) {
  send({ error: errorForm(error) });
} finally {
  clearInterval(sending);
  sendState();
  // Closing the port lets the thread end; `exit`, which ends only the thread here, makes it.
  port.close();
  setTimeout(() => process.exit(), LINGER).unref();
}

function threadStateOf(processor: Processor | null): ThreadState {
  if (processor === null) return { hindrance: 'starting', trouble: null, isMember: false, reports: [] };
  return {
    hindrance: processor.hindrance,
    trouble: troubleOf(processor),
    isMember: processor.isMember,
    reports: processor.reports(),
  };
}

/** Only what a restart may mend: a part that is away, or a backlog, would still be so after it. */
function troubleOf(processor: Processor): string | null {
  if (processor.hasFailed) return 'the processor gave up: the log says why';
  if (processor.isStuck) return 'the processor has not come round for two minutes';
  return null;
}
