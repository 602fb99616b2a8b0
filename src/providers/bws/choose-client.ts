import { LocketError, isLocketError } from '../../core/vocabulary/errors.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { StartWorker } from '../../core/ports/process.ts'
import { createFence } from '../lib/fence/fence.ts'
import type { Fence } from '../lib/fence/fence.ts'
import { createBuiltinClient } from './builtin-client.ts'
import type { BwsClient, BwsOptions } from './client.ts'
import { createBwsSdkClient } from './sdk-client.ts'
import { Reply, SDK_PACKAGE } from './sdk-methods.ts'
import { providerError } from '../lib/provider-error.ts'

/** The options of `createChosenClient`. */
interface ChoiceOptions extends BwsOptions {
  readonly choice: 'auto' | 'sdk' | 'builtin'
  readonly maxConcurrent: number
  readonly caCert: (() => Promise<string>) | undefined
  readonly emit: Emit
  readonly startWorker: StartWorker
}

/**
 * Makes the client that `bws-client` names. It is chosen at its first use. `auto` takes the SDK if it is
 * installed and runs, else the builtin client. `sdk` rejects with `config` if the SDK is not installed or
 * does not run.
 */
export function createChosenClient(options: ChoiceOptions): BwsClient {
  const { provider, choice, emit, traffic, startWorker } = options
  const fence = createFence({
    library: 'bws',
    title: `${provider} at ${options.apiUrl} (Bitwarden's SDK)`,
    startWorker,
    clock: traffic.clock,
  })
  const builtin = createBuiltinClient(options)
  const sdk = createBwsSdkClient({ ...options, fence })
  let chosen: BwsClient | undefined

  async function choose(signal: AbortSignal): Promise<BwsClient> {
    // The SDK trusts only its own list of authorities, so a `bws-ca-cert` needs the builtin client.
    if (choice === 'builtin' || (choice === 'auto' && options.caCert !== undefined)) return builtin
    if (isInstalled() && (await runs(fence, signal))) return sdk
    if (choice === 'sdk') throw notInstalled(provider)
    return builtin
  }

  return {
    async use(signal, work) {
      if (chosen === undefined) {
        chosen = await choose(signal)
        emit('bws.client', { provider, client: chosen === sdk ? 'sdk' : 'builtin' })
      }
      return chosen.use(signal, work)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([builtin[Symbol.asyncDispose](), sdk[Symbol.asyncDispose]()])
    },
  }
}

function isInstalled(): boolean {
  try {
    import.meta.resolve(SDK_PACKAGE)
    return true
  } catch {
    return false
  }
}

/**
 * Tells whether the SDK runs on this machine. The SDK is a native addon, so this is known only after it is
 * loaded.
 */
async function runs(fence: Fence, signal: AbortSignal): Promise<boolean> {
  try {
    return Reply.parse(await fence.call('load', undefined, signal)).kind === 'done'
  } catch (thrown) {
    if (isLocketError(thrown) && thrown.code === 'unavailable') return false
    throw thrown
  }
}

function notInstalled(provider: string): LocketError {
  return providerError(
    'config',
    `${provider}: bws-client is sdk, and Bitwarden's SDK is not installed for this machine`,
    {
      hint: 'npm install @bitwarden/sdk-napi beside locket, or set bws-client to builtin, which needs nothing',
    },
  )
}
