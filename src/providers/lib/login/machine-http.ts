import type { Clock } from '../../../core/ports/clock.ts'
import { createHttpClient, type HttpClient } from '../http/http.ts'
import { createTraffic } from '../http/traffic.ts'

/** Clients of addresses that belong to the machine and its platform, such as instance metadata. */
export interface MachineHttp extends AsyncDisposable {
  /** Returns the client of an address. It uses no proxy, and its failures do not stop other requests. */
  at(baseUrl: string): HttpClient
}

/** Milliseconds for one answer of the machine's own addresses. Elsewhere nothing answers there at all. */
const ANSWER_MS = 1500
/** The largest answer in bytes. */
export const MAX_MACHINE_BYTES = 64 * 1024

/** Returns a signal that ends a request to the machine early. */
export function soon(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
}

/** Makes the clients of one provider instance. */
export function createMachineHttp(provider: string, clock: Clock): MachineHttp {
  const clients = new Map<string, HttpClient>()
  return {
    at(baseUrl) {
      const known = clients.get(baseUrl)
      if (known !== undefined) return known
      const traffic = createTraffic({ provider, maxConcurrent: 2, rates: [], clock })
      const made = createHttpClient({ provider, baseUrl, maxConcurrent: 2, traffic })
      clients.set(baseUrl, made)
      return made
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...clients.values()].map((client) => client[Symbol.asyncDispose]()))
    },
  }
}
