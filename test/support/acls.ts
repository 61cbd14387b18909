import kafkajs, { type Admin } from 'kafkajs';
import type { Operation, ResourceType, Right } from '../../src/kafka/rights/declaration.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

const OPERATIONS: Readonly<Record<Operation, kafkajs.AclOperationTypes>> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
};
const TYPES: Readonly<Record<ResourceType, kafkajs.AclResourceTypes>> = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional-id': AclResourceTypes.TRANSACTIONAL_ID,
};

type Granted = Pick<Right, 'resource' | 'operation'>;

/** Gives a principal these rights. @param principal without `User:` */
export async function grant(admin: Admin, rights: readonly Granted[], principal: string): Promise<void> {
  await admin.createAcls({ acl: rights.map((right) => entry(right, principal)) });
}

/** Takes them away. */
export async function revoke(admin: Admin, rights: readonly Granted[], principal: string): Promise<void> {
  for (const right of rights) await admin.deleteAcls({ filters: [entry(right, principal)] });
}

function entry({ resource: { type, name, pattern }, operation }: Granted, principal: string) {
  return {
    resourceType: TYPES[type],
    resourceName: name,
    resourcePatternType: pattern === 'prefixed' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
    principal: `User:${principal}`,
    host: '*',
    operation: OPERATIONS[operation],
    permissionType: AclPermissionTypes.ALLOW,
  };
}
