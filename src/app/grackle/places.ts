import { formatPlace, isPlaceName } from '../../core/broker/place.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import type { Authenticated } from '../broker/authenticate.ts'
import { createRead, hasFields } from '../broker/read.ts'
import type { GracklePorts } from './ports.ts'

/** The secrets of services. */
interface Places {
  /**
   * Resolves with the place that a name means: the secret of this name in the project of the service, or the
   * field of this name of the secret that is named like the service. Rejects with `denied` for a service
   * without secrets, and with `not_found`.
   */
  find(by: Authenticated, service: string, name: string): Promise<string>
  /** Resolves with the value. The caller wipes it. Rejects with the code of a read. */
  read(by: Authenticated, text: string, signal: AbortSignal): Promise<Secret>
}

/** Returns the places. The registry grants a service all secrets of its project; the policy may deny some. */
export function createPlaces(ports: GracklePorts): Places {
  const { store, clock, audit, parseRef } = ports
  const granted = (machine: string) => store.secrets(machine.slice(machine.indexOf(':') + 1))
  // A client has no row in the store, so its grants do not come from there. No value is watched for it.
  const readAll = createRead({ ...ports, store: { ...store, granted } }, () => undefined)

  async function record({ machine, address }: Authenticated, target: string, reason: string): Promise<void> {
    const line = { actor: `machine ${machine.id}`, action: 'read', target, machine: machine.name } as const
    await audit([{ ...line, address, at: clock.now(), outcome: 'denied', reason }])
  }

  return {
    async find(by, service, name) {
      const secrets = await store.secrets(service)
      const target = `${service}/${name}`
      if (secrets.length === 0) {
        await record(by, target, 'the service has no secrets')
        throw new LocketError('denied', 'the service has no secrets')
      }
      const own = secrets.find((secret) => secret.name === name && !hasFields(secret.reference, parseRef))
      if (own !== undefined && isPlaceName(name)) return formatPlace({ project: service, name })
      const item = secrets.find((secret) => secret.name === service && hasFields(secret.reference, parseRef))
      if (item !== undefined) return formatPlace({ project: service, name: service, field: name })
      await record(by, target, 'no such secret')
      throw new LocketError('not_found', 'the service has no such secret')
    },

    async read(by, text, signal) {
      const row = (await readAll(by, { refs: [text], known: new Map(), context: {}, signal })).get(text)
      if (row?.kind === 'value') return row.value
      const code = row?.kind === 'error' ? row.code : 'internal'
      throw new LocketError(code, 'the secret was not read')
    },
  }
}
