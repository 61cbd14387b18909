/** What befalls processes and parts at a time, by the plan. */
import { dice, streamOf } from './dice.ts';
import type { Host } from './host.ts';
import type { PlannedEvent } from './plan.ts';
import type { Backup } from './store-server.ts';
import type { World } from './world.ts';

/** How long an orderly end may take, ms. */
export const ENDING = 20_000;
/** How long a member that was resumed goes on, at most, before it learns that it was lost, ms. */
const LEARNS = 3_000;

/** Requests of which one kind comes late at a time: were it all, no transaction would come as far as the next. */
const CROSSING = ['add partitions', 'produce', 'keep', 'end transaction'] as const;

/** Lets an event come at its time. */
export function schedule(world: World, event: PlannedEvent): void {
  const { kind, at, ms } = event;
  if (kind === 'database set back') {
    let backup: Backup | null = null;
    world.time.after(Math.max(0, at - ms), () => {
      backup = world.store.backup();
      world.note('store: a backup is taken');
    });
    world.time.after(at, () => {
      world.happened(kind, '');
      if (backup !== null) world.store.restore(backup);
    });
    return;
  }
  world.time.after(at, () => {
    if (!befallPart(world, event)) befallHost(world, event);
  });
}

/** @returns false if it is a process that the event befalls. */
function befallPart(world: World, event: PlannedEvent): boolean {
  const { kind, ms, whom } = event;
  const until = world.time.now + ms;
  const partition = Math.floor(whom * world.setup.partitions);
  switch (kind) {
    case 'rebalance':
      world.happened(kind, '');
      world.topic.rebalance();
      return true;
    case 'store restarted':
      world.happened(kind, `for ${ms} ms`);
      world.storeAwayUntil = until;
      world.store.restart();
      return true;
    case 'store stalled':
      world.happened(kind, `for ${ms} ms`);
      world.stalledUntil = until;
      return true;
    case 'broker away':
      world.happened(kind, `for ${ms} ms`);
      world.brokerAwayUntil = until;
      return true;
    case 'requests cross':
      world.crossing = { until, op: CROSSING[Math.floor(whom * CROSSING.length)]! };
      world.happened(kind, `for ${ms} ms: ${world.crossing.op}`);
      return true;
    case 'position expired':
      world.happened(kind, `p${partition}`);
      world.cluster.group.expire(partition);
      return true;
    case 'leader moved':
      world.happened(kind, '');
      world.cluster.moveLeader(whom);
      return true;
    case 'coordinator moved':
      world.happened(kind, '');
      world.cluster.moveCoordinator(whom);
      return true;
    case 'broker killed':
    case 'broker frozen':
      befallBroker(world, event);
      return true;
    case 'group coordinator deposed': {
      const deposed = world.cluster.deposeCoordinator(ms);
      if (deposed === null) return true;
      world.happened(kind, `broker ${deposed.node.id} for ${deposed.until - world.time.now} ms`);
      // Who takes over then may ask it before it knows.
      world.time.after(deposed.until - world.time.now, () => world.topic.rebalance());
      return true;
    }
    case 'retention':
      world.happened(kind, `p${partition}`);
      world.topic.retain(partition, world.store.tables(partition).state.nextOffset);
      return true;
    default:
      return false;
  }
}

function befallBroker(world: World, event: PlannedEvent): void {
  const { kind, ms, whom } = event;
  const up = world.cluster.nodes.filter(({ state }) => state === 'up');
  const node = up[Math.floor(whom * up.length)];
  if (node === undefined) return;
  world.happened(kind, `${node.id} for ${ms} ms`);
  if (kind === 'broker killed') world.cluster.kill(node, ms);
  else world.cluster.freeze(node, ms);
}

function befallHost(world: World, event: PlannedEvent): void {
  const { kind, ms, whom } = event;
  const running = world.hosts.filter((host) => host.isRunning);
  const host = running[Math.floor(whom * running.length)];
  if (host === undefined) return;
  const another = () => world.time.after(ms / 4, () => world.begin(0));
  switch (kind) {
    case 'killed':
      world.happened(kind, host.name);
      world.kill(host);
      another();
      return;
    case 'told to stop':
      world.happened(kind, host.name);
      host.tellToStop();
      mustEnd(world, host);
      another();
      return;
    case 'stopped and resumed':
      world.happened(kind, `${host.name} for ${ms} ms`);
      host.stop();
      world.silent(host);
      world.time.after(ms, () => resume(world, host));
      return;
    case 'stopped for good':
      world.happened(kind, host.name);
      host.stop();
      world.silent(host);
      another();
      return;
    case 'clock step':
      world.happened(kind, `${host.name}: now ${ms} ms ahead`);
      host.ahead = ms;
      return;
  }
}

/** Whatever is away: unless it was stopped meanwhile. */
function mustEnd(world: World, host: Host): void {
  world.time.after(ENDING, () => {
    if (host.isRunning && !host.wasStopped) {
      world.broken(`${host.name} was told to stop, and has not ended within ${ENDING} ms`);
    }
  });
}

function resume(world: World, host: Host): void {
  if (host.state !== 'stopped') return;
  world.note(`${host.name} is resumed`);
  host.resume();
  // It believes in its partitions until its next heartbeat is refused.
  const late = dice(streamOf(world.seed, `${host.name} resumed`))() * LEARNS;
  world.time.after(late, () => host.enter(() => host.input.lost()));
}
