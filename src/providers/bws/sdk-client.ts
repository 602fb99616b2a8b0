import { createSingleFlight } from '../../core/waiting/single-flight.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Outcome } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { digestOf, readCredential } from '../lib/login/credential.ts'
import type { Fence } from '../lib/fence/fence.ts'
import { statusError } from '../lib/http/http-errors.ts'
import { withRetries } from '../lib/http/retry.ts'
import { createSessions } from '../lib/login/sessions.ts'
import { parseAccessToken } from './access-token.ts'
import { damagedToken, noBwsSecret, noServer, notAccepted, unreadable } from './answers.ts'
import type { BwsAnswer, BwsClient, BwsOptions, BwsQuery } from './client.ts'
import { Reply, type LoginCall, type ReadCall } from './sdk-methods.ts'
import { providerError } from '../lib/provider-error.ts'

/**
 * Milliseconds for which a login is used. A login is valid for an hour, which the SDK does not report. The
 * SDK renews a login with less than five minutes left by itself, and that request would not be counted, so
 * locket logs in again before that.
 */
const LIFETIME_MS = 54 * 60_000

/** A login that the process of the SDK holds, and the token to log in again when that process has ended. */
interface Held {
  readonly digest: string
  readonly token: Secret
}

/**
 * Makes a client that uses Bitwarden's SDK behind a fence. The SDK has no retries and no deadlines, so both
 * are done here.
 */
export function createBwsSdkClient(options: BwsOptions & { readonly fence: Fence }): BwsClient {
  const { provider, token, files, traffic, fence, apiUrl, identityUrl, userAgent } = options
  const identity = `${provider} at ${identityUrl}`
  const api = `${provider} at ${apiUrl}`
  const logins = createSingleFlight<void>()

  const sessions = createSessions<Held>({
    clock: traffic.clock,
    readCredentials: async () => [await readCredential(token, files, { provider, setting: 'bws-token' })],
    async login(credentials, signal) {
      const [credential] = credentials
      if (credential === undefined) throw providerError('internal', `${provider}: a login without a token`)
      const held = { digest: digestOf(credentials), token: credential.copy() }
      try {
        const call = loginCall(held)
        await traffic.run((turn) => logIn(call, turn), signal)
        return { value: held, lifetimeMs: LIFETIME_MS }
      } catch (thrown) {
        held.token.wipe()
        throw thrown
      }
    },
    wipe: ({ token: copy }) => copy.wipe(),
  })

  function loginCall({ digest, token: copy }: Held): LoginCall {
    const { text, key } = parseAccessToken(copy, `${provider}: bws-token`)
    key.fill(0)
    return { digest, token: text, apiUrl, identityUrl, userAgent }
  }

  async function logIn(call: LoginCall, signal: AbortSignal): Promise<void> {
    const reply = await ask('login', call, signal)
    if (reply.kind !== 'done') throw loginError(reply, identity)
  }

  async function read(held: Held, take: () => readonly BwsQuery[], signal: AbortSignal): Promise<BwsAnswer> {
    const attempt = (sent: () => unknown) =>
      traffic.run((turn) => {
        sent()
        return readOnce(held, take(), turn)
      }, signal)
    for (let tries = 0; tries < 2; tries += 1) {
      const answer = await withRetries(attempt, traffic.clock, signal)
      if (answer !== undefined) return answer
    }
    throw providerError('unavailable', `${api} was not asked: Bitwarden's SDK ended twice`)
  }

  /**
   * Resolves with undefined if the process of the SDK is a new one and this turn was used to log in there.
   */
  async function readOnce(
    held: Held,
    wanted: readonly BwsQuery[],
    signal: AbortSignal,
  ): Promise<BwsAnswer | undefined> {
    const call: ReadCall = { digest: held.digest, wanted: wanted.map(({ id, field }) => ({ id, field })) }
    const reply = await ask('read', call, signal)
    if (reply.kind === 'values') return { kind: 'some', outcomes: outcomesOf(reply.values, wanted) }
    if (reply.kind === 'status' && reply.status === 404 && reply.isJson)
      return { kind: 'none', error: noBwsSecret(api) }
    if (reply.kind === 'not-decrypted') return { kind: 'none', error: unreadable(api, 'secret') }
    if (reply.kind !== 'no-login') throw replyError(reply, api, 'bws-api-url')
    await logins.run(held.digest, signal, (shared) => logIn(loginCall(held), shared))
    return undefined
  }

  async function ask(method: string, argument: unknown, signal: AbortSignal): Promise<Reply> {
    return Reply.parse(await fence.call(method, argument, signal))
  }

  return {
    use: (signal, work) =>
      sessions.use(signal, (held) => work({ read: (take, readSignal) => read(held, take, readSignal) })),
    async [Symbol.asyncDispose]() {
      sessions[Symbol.dispose]()
      await fence[Symbol.asyncDispose]()
    },
  }
}

function outcomesOf(
  values: readonly (Uint8Array | undefined)[],
  wanted: readonly BwsQuery[],
): ReadonlyMap<string, Outcome> {
  const outcomes = new Map<string, Outcome>()
  for (const [index, { key }] of wanted.entries()) {
    const value = values[index]
    if (value !== undefined) outcomes.set(key, { ok: true, secret: { value: new Secret(value) } })
  }
  return outcomes
}

function loginError(reply: Reply, who: string): LocketError {
  if (reply.kind === 'refused') return notAccepted(who)
  if (reply.kind === 'not-decrypted') return damagedToken(who)
  return replyError(reply, who, 'bws-identity-url')
}

function replyError(reply: Reply, who: string, setting: string): LocketError {
  if (reply.kind === 'status' && reply.status === 404) return noServer(who, setting)
  if (reply.kind === 'status') return statusError(who, reply.status)
  if (reply.kind === 'unreachable') {
    const hint = 'is it running, its address right and its certificate trusted?'
    return providerError('unavailable', `${who} cannot be reached`, { hint })
  }
  if (reply.kind === 'broken-off')
    return providerError('unavailable', `${who} broke off before the answer was complete`)
  return unreadable(who, 'answer')
}
