import { LocketError, isLocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { createRef, type SecretRef } from '../../core/vocabulary/ref.ts'
import { uniqueRefs, type Outcome } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { unlessAborted } from '../../core/waiting/unless-aborted.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { abortError } from './http/http-errors.ts'
import { providerError } from './provider-error.ts'

/** The value of a variable; undefined: there is none of that name. */
export type Lookup = (name: string) => string | undefined

export interface VariablesOptions {
  /** In messages: `dotenv`. */
  readonly instance: string
  /** Where they are: `the environment of this process`. */
  readonly where: string
  /** All of them as they are now. */
  readonly read: () => Promise<Lookup>
  readonly hiddenNames: ProviderDeps['hiddenNames']
}

/** As `.env` files have them. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/

/** `SCHEME://NAME`. A bare name is nobody's; `scheme:/x` and `SCHEME://x` are slips of ours rather than someone else's text. */
export function parseVariable(scheme: string, text: string, instance: string): SecretRef | undefined {
  if (!text.toLowerCase().startsWith(`${scheme}:/`)) return undefined
  const prefix = `${scheme}://`
  const name = text.slice(prefix.length)
  if (text.startsWith(prefix) && NAME.test(name)) return createRef(instance, name, text)
  throw new LocketError('ref_syntax', `${JSON.stringify(text.slice(0, 100))} is malformed`, {
    hint: `expected ${prefix}NAME, of letters, digits, _, . and -, not starting with a digit`,
  })
}

/** A client that answers with variables, and never with one that holds a credential of locket's own. */
export function createVariables({ instance, where, read, hiddenNames }: VariablesOptions): ProviderClient {
  let isClosed = false

  async function readOnce(signal: AbortSignal): Promise<Lookup> {
    if (isClosed) throw providerError('internal', `${instance} is closed`)
    return unlessAborted(read, signal, () => abortError(instance, signal.reason))
  }

  function outcomeOf({ key }: SecretRef, found: Lookup | LocketError): Outcome {
    if (hiddenNames.has(key)) {
      const message = `${instance}: ${key} is where locket takes a credential of its own from, and no reference reads it`
      return { ok: false, error: providerError('denied', message) }
    }
    if (isLocketError(found)) return { ok: false, error: found }
    const value = found(key)
    if (value !== undefined) return { ok: true, secret: { value: Secret.fromText(value) } }
    const message = `${instance}: there is no variable ${key} in ${where}`
    return { ok: false, error: providerError('not_found', message) }
  }

  return {
    async fetch(refs, signal) {
      if (refs.length === 0) return new Map()
      const found = await readOnce(signal).catch(toLocketError)
      return new Map(uniqueRefs(refs).map((ref) => [ref.id, outcomeOf(ref, found)]))
    },
    async probe(signal) {
      await readOnce(signal)
    },
    status: () => undefined,
    async [Symbol.asyncDispose]() {
      isClosed = true
    },
  }
}
