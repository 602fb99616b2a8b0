import type { Key } from '../../core/broker/keys.ts'
import type { RegisteredClient, RegistryStore } from '../../core/broker/signing/registry.ts'
import type { BrokerPorts } from '../broker/ports.ts'

/** The parts that grackleclub's protocol needs, beside those of the broker. */
export interface GracklePorts extends BrokerPorts {
  /** The RSA key that clients encrypt for. */
  readonly serverKey: Key
  /** The networks that clients may ask from. None: any. */
  readonly networks: readonly string[]
  /** Returns the clients of the operator's file that are in effect. */
  readonly ofFile: () => readonly RegisteredClient[]
  readonly registry: RegistryStore
  /** The token of the registry's API. Undefined: there is no such API. */
  readonly registryToken: string | undefined
}
