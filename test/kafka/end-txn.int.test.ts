import { expect, test } from '@jest/globals';
import { kafkaClient } from '../../src/kafka/client.ts';
import { watchEndTxn } from '../../src/kafka/end-txn.ts';
import { kafkaAddress } from '../support/parts.ts';
import { describeReal, stack, uniqueName } from '../support/stack.ts';
import { makeTopic, quiet } from './support/broker.ts';

describeReal('the failpoint behind EndTxn', () => {
  test('is reached once a transaction, after its messages and before its commit is known', async () => {
    const topic = await makeTopic();
    const happened: string[] = [];
    const socketFactory = watchEndTxn(() => happened.push('sent'));
    const kafka = kafkaClient(kafkaAddress(stack()), quiet, { socketFactory });
    const producer = kafka.producer({
      transactionalId: uniqueName('t'),
      idempotent: true,
      maxInFlightRequests: 1,
      retry: { initialRetryTime: 10, retries: 20 },
    });
    await producer.connect();
    for (const value of ['a', 'b']) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value }] });
      happened.push('produced');
      await transaction.commit();
      happened.push('committed');
    }
    expect(happened).toEqual(['produced', 'sent', 'committed', 'produced', 'sent', 'committed']);
    await producer.disconnect();
  });
});
