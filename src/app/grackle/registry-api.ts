import { isProjectName } from '../../core/broker/place.ts'
import {
  MOST_CLIENTS,
  readRegistryKey,
  registryKeyText,
  type RegisteredClient,
} from '../../core/broker/signing/registry.ts'
import { isSameToken } from '../../core/broker/tokens.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { change } from '../broker/catalog.ts'
import type { GracklePorts } from './ports.ts'
import type { Refusals } from './refusals.ts'

/** A row of the registry, as its API writes it. */
export interface RegistryRow {
  readonly name: string
  readonly keypub: string
}

/** The registry, for the holder of its token. The operator's file is shown, and never changed. */
export interface RegistryApi {
  /** Rejects with `denied` for another token. */
  admit(token: string, address: string): Promise<void>
  list(): Promise<readonly RegistryRow[]>
  /** Gives a service this key, in place of the one that it got here. Rejects with `usage` and `denied`. */
  put(row: RegistryRow, address: string): Promise<void>
  /** Takes the key of a service away. Rejects with `not_found`, and with `denied` for one of the file. */
  remove(service: string, address: string): Promise<void>
}

/** Returns the registry. Undefined: it has no token, so it is off. */
export function createRegistryApi(ports: GracklePorts, refuse: Refusals['refuse']): RegistryApi | undefined {
  const { registry, registryToken, ofFile, clock } = ports
  if (registryToken === undefined) return undefined
  const admin = (address: string) => ({ actor: 'registry token', address })
  const isInFile = (service: string): boolean => ofFile().some((one) => one.service === service)

  return {
    async admit(token, address) {
      if (isSameToken(token, registryToken)) return
      throw await refuse({ address, code: 'denied', reason: 'the token of the registry is missing or wrong' })
    },

    list: async () => [...ofFile(), ...(await registry.clients())].map(rowOf),

    async put({ name, keypub }, address) {
      if (!isProjectName(name))
        throw await refuse({ address, code: 'usage', reason: 'the name of a service cannot be so' })
      const key = readRegistryKey(keypub)
      if ('reason' in key) throw await refuse({ address, code: 'usage', reason: key.reason })
      const added = await registry.clients()
      const owner = [...ofFile(), ...added].find((one) => Buffer.compare(one.key, key) === 0)
      if (owner?.service === name) return
      if (owner !== undefined)
        throw await refuse({ address, code: 'denied', reason: 'another service has this keypub' })
      if (added.length >= MOST_CLIENTS && !added.some(({ service }) => service === name))
        throw await refuse({ address, code: 'usage', reason: `there are ${MOST_CLIENTS} services already` })
      const work = () => registry.put({ service: name, key }, clock.now())
      await change(ports, admin(address), { action: 'registry.add', ...about(name) }, work)
    },

    async remove(service, address) {
      const known = await registry.clients()
      if (!known.some((one) => one.service === service) && isInFile(service))
        throw await refuse({ address, code: 'denied', reason: 'this service is in the file of the operator' })
      await change(ports, admin(address), { action: 'registry.remove', ...about(service) }, async () => {
        if (!(await registry.remove(service)))
          throw new LocketError('not_found', 'the registry has no such service')
      })
    },
  }
}

function about(service: string) {
  const name = service.slice(0, 63)
  return { target: name, machine: `grackle:${name}` }
}

function rowOf({ service, key }: RegisteredClient): RegistryRow {
  return { name: service, keypub: registryKeyText(key) }
}
