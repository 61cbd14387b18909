import type { Logger } from 'pino';
import { kafkaClient } from '../kafka/client.ts';
import { ClusterLink } from '../kafka/cluster.ts';
import { type LastOf, lastSetAside } from '../set-aside/last.ts';
import type { Settings } from '../settings/index.ts';
import { type LastKnown, Latest } from './latest.ts';

/** How many records of each topic are shown. */
const SHOWN = 25;
/** Time between two reads, ms: each opens a connection to the brokers, and closes it. */
const EVERY = 5_000;

export interface Aside {
  readonly deadLetter: LastOf;
  readonly late: LastOf;
}

/** The records of the two topics that were set aside last. */
export class AsideTopics {
  private readonly settings: Settings;
  private readonly logger: Logger;
  private readonly latest = new Latest(() => this.read(), { every: EVERY, patience: 4_000 });

  constructor(settings: Settings, logger: Logger) {
    this.settings = settings;
    this.logger = logger;
  }

  async get(): Promise<LastKnown<Aside>> {
    return await this.latest.get();
  }

  private async read(): Promise<Aside> {
    const { kafka, deadLetter, late } = this.settings;
    const link = new ClusterLink(kafkaClient(kafka, this.logger), this.logger);
    try {
      return {
        deadLetter: await lastSetAside(link, deadLetter.topic, SHOWN),
        late: await lastSetAside(link, late.topic, SHOWN),
      };
    } finally {
      await link.close();
    }
  }
}
