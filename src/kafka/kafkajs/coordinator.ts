/**
 * A group's coordinator, and what it can be asked: KafkaJS's types leave most of it out, and its own search for the
 * coordinator waits for brokers that are silent. Written for KafkaJS 2.2.4; held by
 * test/kafka/kafkajs/internals.unit.test.ts.
 */
import type { Cluster } from 'kafkajs';
import type Broker from 'kafkajs/src/broker/index.js';
import requests from 'kafkajs/src/protocol/requests/index.js';
import { askAnyone } from './ask-anyone.ts';
import { isAnswer } from './error-kinds.ts';
import { poolOf } from './pool.ts';

const GROUP = 0;
const JOIN_GROUP = 11;

export interface Coordinator {
  describeGroups(request: { readonly groupIds: readonly string[] }): Promise<{ readonly groups: GroupState[] }>;
  syncGroup(request: {
    readonly groupId: string;
    readonly generationId: number;
    readonly memberId: string;
    readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
  }): Promise<unknown>;
  offsetCommit(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
    }[];
  }): Promise<unknown>;
  joinGroup(request: Join): Promise<Joined>;
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

export interface Join {
  readonly groupId: string;
  readonly sessionTimeout: number;
  readonly rebalanceTimeout: number;
  readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  /** Empty: it has none yet. */
  readonly memberId?: string;
}

export interface Joined {
  readonly memberId: string;
  readonly generationId: number;
  readonly leaderId: string;
  readonly groupProtocol: string;
  /** Only the leader gets them. */
  readonly members: GroupState['members'];
}

export interface GroupState {
  readonly state: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly memberMetadata: Buffer;
    readonly memberAssignment: Buffer;
  }[];
}

/** The broker that coordinates a group at this moment, connected. @throws the brokers' error where there is none. */
export async function coordinatorOf(cluster: Cluster, group: string): Promise<Coordinator> {
  const pool = poolOf(cluster);
  const ask = (broker: Broker) => broker.findGroupCoordinator({ groupId: group, coordinatorType: GROUP });
  const { coordinator } = await askAnyone(pool, ask, isAnswer);
  const { nodeId } = coordinator;
  if (pool.brokers[nodeId] === undefined) await cluster.refreshMetadata();
  return (await cluster.findBroker({ nodeId: String(nodeId) })) as unknown as Coordinator;
}

/**
 * One request to join. KafkaJS's own asks again by itself where the coordinator answers with an id for the member, and
 * then the id is lost if that fails. @throws KafkaJSMemberIdRequired, with the id.
 */
export async function joinGroup(coordinator: Coordinator, join: Join): Promise<Joined> {
  const { lookupRequest, connectionPool } = coordinator as unknown as Broker;
  const request = lookupRequest(JOIN_GROUP, requests.requests.JoinGroup);
  return await connectionPool.send<Joined>(request({ ...join, protocolType: 'consumer' }) as never);
}
