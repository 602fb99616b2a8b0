import type { BrokerPorts } from '../app/broker/ports.ts'
import { createGrackle, type Grackle } from '../app/grackle/grackle.ts'
import { openLiveRegistry, type ParseRegistry } from '../app/grackle/live-registry.ts'
import { openGrackleKey, openGrackleToken } from '../host/broker/grackle/grackle-keys.ts'
import { createRegistryStore } from '../host/broker/grackle/registry-store.ts'
import type { Database } from '../host/broker/sql.ts'
import { openSourceFiles } from '../host/sources/source-files.ts'
import { followFile } from './follow-file.ts'

/** The settings of grackleclub's protocol. */
export interface GrackleConfig {
  /** The registry file. Undefined: there is none. */
  readonly registry: string | undefined
  /** None: any. */
  readonly networks: readonly string[]
  readonly hasRegistryApi: boolean
  /** Parses a registry file. Throws `config`. */
  readonly parseRegistry: ParseRegistry
}

/** The parts of the broker that the protocol shares. */
interface Shared {
  readonly ports: BrokerPorts
  readonly database: Database
  readonly stateDir: string
  /** False: the machines' listener is a Unix socket. */
  readonly hasTls: boolean
  readonly signal: AbortSignal
}

const MOST_REGISTRY_BYTES = 256 * 1024

/** Opens keys and registry. Rejects with `io` or `config`. */
export async function openGrackle(config: GrackleConfig, shared: Shared): Promise<Grackle> {
  const { ports, database, stateDir, hasTls, signal } = shared
  const { registry: path, networks, hasRegistryApi, parseRegistry: parse } = config
  if (!hasTls) ports.emit('grackle.socket')
  const files = openSourceFiles()
  const read = (at: string) => files.read(at, { maxBytes: MOST_REGISTRY_BYTES })
  const live = path === undefined ? undefined : await openLiveRegistry({ ...ports, path, read, parse })
  if (path !== undefined && live !== undefined) await followFile(path, () => live.reload(), signal)
  return createGrackle({
    ...ports,
    networks,
    serverKey: await openGrackleKey(stateDir),
    ofFile: () => live?.clients() ?? [],
    registry: createRegistryStore(database),
    registryToken: hasRegistryApi ? await openGrackleToken(stateDir) : undefined,
  })
}
