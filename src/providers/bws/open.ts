import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { fetchEach } from '../lib/each.ts'
import { throwIfAborted } from '../lib/http/http-errors.ts'
import { createTraffic } from '../lib/http/traffic.ts'
import { caCertReader } from '../lib/http/traffic-settings.ts'
import { createChosenClient } from './choose-client.ts'
import { createGather } from './gather.ts'
import type { Gather } from './gather.ts'
import { parseBwsReference } from './refs.ts'
import { providerError } from '../lib/provider-error.ts'
import type { BwsSettings } from './settings.ts'

/** Opens a client of Bitwarden Secrets Manager. Throws `config` if the token is missing. */
export function openBws(
  { token, maxConcurrent, maxRate, caCert, client: choice, ...urls }: BwsSettings,
  { clock, emit, files, startWorker, env }: ProviderDeps,
  instance: string,
): ProviderClient {
  if (token === undefined) throw providerError('config', 'bws needs bws-token (BWS_MACHINE_TOKEN)')
  const traffic = createTraffic({ provider: instance, maxConcurrent, rates: maxRate, clock })
  const caCertOf = caCertReader(caCert, files, { provider: instance, setting: 'bws-ca-cert' })
  const client = createChosenClient({
    ...urls,
    provider: instance,
    token,
    choice,
    maxConcurrent,
    caCert: caCertOf,
    files,
    traffic,
    emit,
    startWorker,
    env,
  })
  const who = `${instance} at ${urls.apiUrl}`
  const gather = createGather(client, who)

  async function withGather(
    { signal }: { readonly signal: AbortSignal },
    work: (batch: Batch) => Promise<void>,
  ): Promise<void> {
    throwIfAborted(who, signal)
    await work({ gather, signal })
  }

  return {
    fetch: fetchEach({ provider: instance, emit, traffic, withBatch: withGather, fetchOne }),
    probe: (signal) => client.use(signal, () => Promise.resolve()),
    status: () => traffic.status(),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

interface Batch {
  readonly gather: Gather
  readonly signal: AbortSignal
}

async function fetchOne({ key }: SecretRef, { gather, signal }: Batch): Promise<Resolved> {
  const reference = parseBwsReference(key)
  if (reference === undefined) throw new LocketError('internal', 'a reference of another provider')
  return gather.read({ ...reference, key }, signal)
}
