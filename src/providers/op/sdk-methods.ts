import { createHash } from 'node:crypto'
import type { Client, ResolveAllResponse } from '@1password/sdk'
import { LocketError, isLocketError, isRetryable } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { VERSION } from '../../core/vocabulary/version.ts'
import type { Methods } from '../lib/fence/calls.ts'
import type { ProxyEnvironment } from '../lib/proxy/choose-proxy.ts'
import { Asked, sdkFailureOf } from './sdk-calls.ts'
import type { Answered } from './sdk-calls.ts'
import { explainThrown } from './sdk-failures.ts'
import { watchFetch } from './watched-fetch.ts'

type Sdk = typeof import('@1password/sdk')
type Responses = Answered['responses']

/**
 * Makes the methods of 1Password's SDK behind a fence, see `sdk-calls.ts`. They replace the global `fetch`,
 * so they are for the fenced process only.
 */
export function createSdkMethods(clock: Clock, env: ProxyEnvironment): Methods {
  const watched = watchFetch(clock, env)
  let session: { readonly digest: string; readonly client: Promise<Client> } | undefined
  let reported = 0

  /** Returns the session of this token. `isNew`: makes a new one. */
  function clientOf({ createClient }: Sdk, token: string, isNew: boolean): Promise<Client> {
    const digest = createHash('sha256').update(token).digest('base64')
    if (!isNew && session?.digest === digest) return session.client
    const client = createClient({ auth: token, integrationName: 'locket', integrationVersion: VERSION })
    session = { digest, client }
    client.catch(() => {
      if (session?.client === client) session = undefined
    })
    return client
  }

  async function answer(who: string, work: (sdk: Sdk) => Promise<Responses>): Promise<Answered> {
    const before = watched.count()
    const seen = () => watched.failureSince(before, who)
    const { responses, failed } = await outcomeOf(work, (thrown) => explainThrown(thrown, who, seen()))
    const trouble = seen()
    const isUnexplained =
      responses.size > 0 && [...responses.values()].every(({ error }) => error === 'other')
    const failure = failed ?? (isUnexplained ? trouble : undefined)
    // The session may have ended with an error that is not known here, so the next call makes a new one.
    if (isUnexplained || (failure !== undefined && !isRetryable(failure))) session = undefined
    const requests = watched.count() - reported
    reported += requests
    return {
      requests,
      responses,
      failure: failure && sdkFailureOf(failure),
      trouble: trouble && sdkFailureOf(trouble),
    }
  }

  return {
    login(argument) {
      const { who, token } = Asked.parse(argument)
      return answer(who, async (sdk) => {
        await clientOf(sdk, token, true)
        return new Map()
      })
    },
    resolve(argument) {
      const { who, token, references } = Asked.parse(argument)
      return answer(who, async (sdk) => {
        const client = await clientOf(sdk, token, false)
        return responsesOf(await client.secrets.resolveAll(references))
      })
    },
  }
}

/**
 * Returns the answer of the SDK as data for the fence. Values are bytes, so that the receiver can wipe them.
 */
export function responsesOf({ individualResponses }: ResolveAllResponse): Responses {
  return new Map(
    Object.entries(individualResponses).map(([reference, { content, error }]) => [
      reference,
      content === undefined
        ? { error: error?.type ?? 'none' }
        : { value: new TextEncoder().encode(content.secret) },
    ]),
  )
}

async function outcomeOf(
  work: (sdk: Sdk) => Promise<Responses>,
  explain: (thrown: unknown) => LocketError,
): Promise<{ responses: Responses; failed?: LocketError }> {
  try {
    return { responses: await work(await load()) }
  } catch (thrown) {
    return { responses: new Map(), failed: isLocketError(thrown) ? thrown : explain(thrown) }
  }
}

async function load(): Promise<Sdk> {
  try {
    return await import('@1password/sdk')
  } catch {
    throw new LocketError('config', "1Password's SDK cannot be loaded", {
      hint: 'it belongs in lib/node_modules of the folder that locket is installed in',
    })
  }
}
