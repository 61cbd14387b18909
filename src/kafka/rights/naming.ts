import type { KafkaAddress } from '../client.ts';
import type { ClusterLink } from '../cluster.ts';
import type { Right } from './declaration.ts';
import { lacking } from './lacking.ts';
import { isDenied, MissingRights } from './missing-rights.ts';
import { principalOf } from './principal.ts';

/** Longest wait for the brokers to answer which rights there are, ms. */
const SOON = 5_000;

/** Finds out which rights are missing where a broker refused something without naming the right. */
export class Naming {
  readonly #link: ClusterLink;
  readonly #address: KafkaAddress;
  readonly #rights: readonly Right[];

  constructor(link: ClusterLink, address: KafkaAddress, rights: readonly Right[]) {
    this.#link = link;
    this.#address = address;
    this.#rights = rights;
  }

  /** An error that names the right that is missing, or the error itself where none is, or that cannot be found out. */
  async named(error: unknown): Promise<unknown> {
    if (!isDenied(error) || error instanceof MissingRights) return error;
    try {
      await this.mustHaveAll();
      return error;
    } catch (found) {
      return found instanceof MissingRights ? found : error;
    }
  }

  /** @throws MissingRights; where the brokers do not answer */
  async mustHaveAll(): Promise<void> {
    const ask = 'the rights of this user';
    const missing = await this.#link.ask(ask, (cluster) => lacking(cluster, this.#rights), SOON);
    const { brokers } = this.#address;
    if (missing.length > 0) throw new MissingRights(missing, principalOf(this.#address), brokers);
  }
}
