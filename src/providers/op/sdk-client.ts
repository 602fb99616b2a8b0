import type { StartWorker } from '../../core/ports/process.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { credentialText } from '../lib/login/credential.ts'
import { createFence } from '../lib/fence/fence.ts'
import { withRetries } from '../lib/http/retry.ts'
import type { Traffic } from '../lib/http/traffic.ts'
import { nodeProxyVariables, type ProxyEnvironment } from '../lib/proxy/choose-proxy.ts'
import { Answered, errorOf } from './sdk-calls.ts'
import { providerError } from '../lib/provider-error.ts'

/** The options of `createOpSdkClient`. */
interface SdkOptions {
  /** The name of the instance, for messages: `op`. */
  readonly provider: string
  readonly startWorker: StartWorker
  readonly traffic: Traffic
  readonly caCert: string | undefined
  /** The proxy variables, which the process of the SDK inherits. */
  readonly env: ProxyEnvironment
}

/** 1Password's SDK in its own process. Every failure is a LocketError that holds no text of the SDK. */
interface SdkClient extends AsyncDisposable {
  readonly title: string
  /** Logs in with 1Password. A failure of the network or the server is retried. */
  login(token: Secret, signal: AbortSignal): Promise<void>
  /** Asks for all references in one call. A process that has no session for the token logs in first. */
  resolve(token: Secret, refs: readonly SecretRef[], signal: AbortSignal): Promise<Answered>
}

/** Makes the client. The process starts at the first call. */
export function createOpSdkClient({ provider, startWorker, traffic, caCert, env }: SdkOptions): SdkClient {
  const title = `${provider}: 1Password's SDK`
  const fence = createFence({ library: 'op', title, startWorker, clock: traffic.clock, caCert })

  async function ask(
    method: 'login' | 'resolve',
    token: Secret,
    references: readonly string[],
    signal: AbortSignal,
  ): Promise<Answered> {
    // Throws `config` here: an invalid proxy variable would end the process of the SDK without a message.
    nodeProxyVariables(env)
    const asked = { who: provider, token: credentialText(token), references }
    const answer = Answered.safeParse(await fence.call(method, asked, signal))
    if (!answer.success) throw providerError('internal', `${title} answered with something else`)
    // One request was counted when the call began. A malformed token causes none, so one is then taken off
    // the count of the last hour.
    traffic.charge(answer.data.requests - 1)
    if (answer.data.failure !== undefined) throw errorOf(answer.data.failure)
    return answer.data
  }

  return {
    title,
    async login(token, signal) {
      const attempt = (sent: () => unknown) =>
        traffic.run((turn) => {
          sent()
          return ask('login', token, [], turn)
        }, signal)
      await withRetries(attempt, traffic.clock, signal)
    },
    resolve: (token, refs, signal) =>
      traffic.run(
        (turn) =>
          ask(
            'resolve',
            token,
            refs.map((ref) => ref.key),
            turn,
          ),
        signal,
      ),
    [Symbol.asyncDispose]: () => fence[Symbol.asyncDispose](),
  }
}
