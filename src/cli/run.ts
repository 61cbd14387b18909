import { Command } from 'commander';
import { Failure } from './failure.ts';
import { type ExitCode, type Io, VERSION } from './io.ts';
import type { PreconditionWatch } from './precondition-watch.ts';
import type { RightsWatch } from './rights-watch.ts';
import { settingsOf, withSettings } from './settings-options.ts';
import type { TroubleWriter } from './trouble-writer.ts';
import type { WorkerPool } from './workers/pool.ts';

export function runCommand(io: Io, finish: (code: ExitCode) => void): Command {
  return withSettings(new Command('run'))
    .description('the processor: folds the input topic, keeps visits and profiles, publishes Visit Ended')
    .addHelpText('after', EXAMPLES)
    .action(async (_: unknown, command: Command) => {
      finish(await run(command, io));
    });
}

const EXAMPLES = `
SIGTERM or Ctrl-C: takes no more records, commits, leaves the group and exits 0; a second one exits at once.

Examples:
  $ tidemark run
  $ tidemark run --config production.yaml --http-host 0.0.0.0
  $ KAFKA_BROKERS=kafka:9092 DATABASE_URL=postgres://tidemark@db/tidemark tidemark run
`;

async function run(command: Command, io: Io): Promise<ExitCode> {
  const loaded = settingsOf(command, io);
  const { settings, warnings } = loaded;
  const [
    { openConsole },
    { startHttp },
    { Metrics },
    { formerMembers, prepare },
    { watchPreconditions },
    { watchRights },
    { troubleWriterOf },
    { memoryHere, threadsFor },
    { sizeHeaps },
    { WorkerPool },
    { CannotGoOn },
    { makeLogger },
    { untilSignal },
  ] = await Promise.all([
    import('../console/index.ts'),
    import('../http/server.ts'),
    import('../metrics/index.ts'),
    import('./assemble.ts'),
    import('./precondition-watch.ts'),
    import('./rights-watch.ts'),
    import('./trouble-writer.ts'),
    import('./workers/count.ts'),
    import('./workers/heap.ts'),
    import('./workers/pool.ts'),
    import('../ports/errors.ts'),
    import('./logger.ts'),
    import('./signals.ts'),
  ]);
  const logger = makeLogger(settings.log, { write: io.out }, io.terminal);
  for (const warning of warnings) logger.warn(warning);

  let pool: WorkerPool | null = null;
  let partitions = 0;
  /** What the start waits for. */
  let waiting: string | null = null;
  const reports = () => pool?.reports() ?? [];
  let watch: RightsWatch | null = null as RightsWatch | null;
  let troubleWriter: TroubleWriter | null = null;
  let preconditions: PreconditionWatch | null = null as PreconditionWatch | null;
  const ready = () => {
    if (pool === null) return waiting === null ? 'starting' : `starting: ${waiting}`;
    const why = [watch?.hindrance ?? null, preconditions?.hindrance ?? null, pool.hindrance].filter(
      (each) => each !== null,
    );
    return why.length === 0 ? null : why.join('; ');
  };
  const metrics = new Metrics({
    version: VERSION,
    reports,
    group: () => ({ member: pool?.isMember ?? false, partitions, workers: pool?.size ?? 0 }),
    load: () => pool?.takeLoad() ?? null,
  });
  const console = openConsole({ loaded, version: VERSION, reports, ready, state: 'postgres', logger });
  const http = await startHttp(
    settings.http,
    { live: () => pool?.trouble ?? null, ready, metrics, site: console.site, runbook: settings.runbook.baseUrl },
    logger,
  ).catch((error: Error) => {
    const setting = 'http.host and http.port (TIDEMARK_HTTP_HOST, TIDEMARK_HTTP_PORT)';
    throw new Failure(3, `cannot listen: ${error.message}. Check ${setting}; port 0 takes any free one`);
  });
  const ending = untilSignal((name) => logger.info({ signal: name }, 'stopping: committing and leaving the group'));
  try {
    const { topics, ...prepared } = await prepare(settings, {
      ...{ logger, signal: ending.signal },
      waits: (wait) => {
        waiting = wait && `waits for ${wait.what}, since ${new Date(wait.since).toISOString()}: ${wait.error}`;
      },
    });
    partitions = prepared.partitions;
    const count = threadsFor(settings.workers, partitions);
    logger.info({ workers: count }, count === 1 ? 'one thread folds' : 'several threads fold');
    sizeHeaps(memoryHere() / count);
    const former = await formerMembers(settings, logger);
    const parts = {
      observer: metrics,
      writeLog: io.out,
      terminal: io.terminal,
      onRebalanced: () => preconditions?.look(),
    };
    const started = new WorkerPool(count, settings, prepared, parts);
    pool = started;
    const writer = troubleWriterOf(settings, { reports, hindrance: () => started.hindrance, logger });
    troubleWriter = writer;
    writer.start();
    watch = watchRights(
      settings,
      logger,
      () => started.hindrance !== null,
      async (text) => writer.note(text),
    );
    watch.start();
    preconditions = watchPreconditions(settings, { partitions, topics }, logger, (error) => started.giveUp(error));
    preconditions.start();
    const newcomers = { count, assigned: () => started.isMember };
    await Promise.all([started.run(ending.signal), former?.dropCrashed(newcomers, ending.signal)]);
    logger.info('stopped');
    return 0;
  } catch (error) {
    // It was stopped while it still waited for a part that is away: nothing had begun.
    if (ending.signal.aborted && (error as Error).name === 'AbortError') return 0;
    // A person has to decide, and the message names what: all parts are there, so the exit code is not "cannot be reached".
    if (error instanceof CannotGoOn) throw new Failure(1, error.message, { cause: error });
    throw error;
  } finally {
    ending.stop();
    await Promise.all([watch?.stop(), preconditions?.stop(), troubleWriter?.stop()]);
    await http.close();
    await console.close();
  }
}
