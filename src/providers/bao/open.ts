import { isLocketError } from '../../core/vocabulary/errors.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { openNetworkProvider, ownReference } from '../lib/network-provider.ts'
import { logIn, renewToken } from './auth.ts'
import { createCalls } from './calls.ts'
import { planLogin, methodProblems } from './method.ts'
import { createBaoLeases } from './leases.ts'
import { createBaoReader, type ReadBatch } from './read.ts'
import { parseBaoReference } from './refs.ts'
import type { BaoSettings } from './settings.ts'
import { createTokenCheck } from './token.ts'
import type { TokenUse } from './token.ts'
import { providerError } from '../lib/provider-error.ts'

/** The data that all references of one batch share. */
interface Batch extends ReadBatch {
  readonly signal: AbortSignal
  /** Checks the token once for the whole batch. Rejects with `auth` when the token is not valid any more. */
  readonly checkToken: () => Promise<void>
}

/** Opens a client of OpenBao or Vault. Throws `config` if an address or a credential is missing. */
export function openBao(given: BaoSettings, deps: ProviderDeps, instance: string): ProviderClient {
  const { url, namespace, maxConcurrent, maxRate, caCert } = given
  const plan = planLogin(given)
  if (url === undefined || plan === undefined)
    throw providerError('config', `${instance}: ${methodProblems(given).join(', ')}`)
  const options = {
    provider: instance,
    deps,
    baseUrl: url.replace(/\/v1$/, ''),
    maxConcurrent,
    maxRate,
    caCert: { setting: 'bao-ca-cert', path: caCert },
  }
  return openNetworkProvider<TokenUse, Batch>(options, (http) => {
    const calls = createCalls(http, namespace)
    const server = { calls, clock: deps.clock }
    const leases = createBaoLeases(calls, deps.clock)
    const reader = createBaoReader(server, leases)
    const isRenewable = plan.method !== 'token'
    const tokens = createTokenCheck(calls, deps.clock, isRenewable)
    return {
      credentials: plan.credentials,
      isRenewable,
      login: (credentials, signal) => logIn(plan, server, credentials, signal),
      ...(isRenewable ? { prolong: (use, signal) => renewToken(server, use, signal) } : {}),
      batch(use, { signal }) {
        const isProven = use.workedAt !== undefined
        let checked: Promise<void> | undefined
        const checkToken = () => (checked ??= tokens.check(use, isProven, signal))
        return { use, signal, checkToken, begun: new Set<string>() }
      },
      async fetchOne(ref, batch) {
        const { signal, checkToken } = batch
        try {
          return await reader.read(ownReference(ref, parseBaoReference), batch, signal)
        } catch (thrown) {
          if (isLocketError(thrown) && thrown.code === 'denied') await checkToken().catch(unlessRefused)
          throw thrown
        }
      },
      leases: {
        renew: (lease, { use, signal }) => leases.renew(lease, use, signal),
        revoke: (id, { use, signal }) => leases.revoke(id, use, signal),
      },
      probe: ({ use, signal }) => tokens.probe(use, signal),
    }
  })
}

/** Throws only `auth`. When the token cannot be checked, the original refusal is the more useful error. */
function unlessRefused(thrown: unknown): void {
  if (isLocketError(thrown) && thrown.code === 'auth') throw thrown
}
