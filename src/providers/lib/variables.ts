import { LocketError, isLocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { createRef, type SecretRef } from '../../core/vocabulary/ref.ts'
import { packFields } from '../../core/vocabulary/fields.ts'
import { uniqueRefs, type Outcome } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { unlessAborted } from '../../core/waiting/unless-aborted.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { abortError } from './http/http-errors.ts'
import { nearHint } from './names/name-hint.ts'
import { providerError } from './provider-error.ts'

/** Variables by name. */
export type Variables = ReadonlyMap<string, string>

/** The options of `createVariables`. */
interface VariablesOptions {
  /** The name of the instance, for messages: `dotenv`. */
  readonly instance: string
  /** The place of the variables, for messages: `the environment of this process`. */
  readonly where: string
  /** Reads the current variables. */
  readonly read: () => Promise<Variables>
  /** The names that no reference may read. */
  readonly hiddenNames: ProviderDeps['hiddenNames']
}

/** The names that `.env` files may have. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/

/**
 * Parses `SCHEME://NAME`, and `SCHEME://*` where `takesAll`. Returns undefined for other text, a bare name
 * included. Throws `ref_syntax` for a malformed reference; `scheme:/x` and `SCHEME://x` count as malformed.
 */
export function parseVariable(
  scheme: string,
  text: string,
  instance: string,
  { takesAll }: { readonly takesAll: boolean },
): SecretRef | undefined {
  if (!text.toLowerCase().startsWith(`${scheme}:/`)) return undefined
  const prefix = `${scheme}://`
  const name = text.slice(prefix.length)
  if (text.startsWith(prefix) && NAME.test(name)) return createRef(instance, name, text)
  if (text === `${prefix}*`) {
    if (takesAll) return createRef(instance, '*', text, { isAll: true })
    throw new LocketError('ref_syntax', `${text} asks for every variable of locket's own environment`, {
      hint: `name each one, ${prefix}NAME, or put them into a .env file for dotenv://*`,
    })
  }
  throw new LocketError('ref_syntax', `${JSON.stringify(text.slice(0, 100))} is malformed`, {
    hint: `expected ${prefix}NAME, of letters, digits, _, . and -, not starting with a digit`,
  })
}

/**
 * Makes a client that answers with variables. It never answers with one that holds a credential of locket's
 * own.
 */
export function createVariables({ instance, where, read, hiddenNames }: VariablesOptions): ProviderClient {
  let isClosed = false

  async function readOnce(signal: AbortSignal): Promise<Variables> {
    if (isClosed) throw providerError('internal', `${instance} is closed`)
    return unlessAborted(read, signal, () => abortError(instance, signal.reason))
  }

  function outcomeOf({ key, isAll }: SecretRef, found: Variables | LocketError): Outcome {
    if (hiddenNames.has(key)) {
      const message = `${instance}: ${key} is where locket reads its own credential, and no reference may read it`
      return { ok: false, error: providerError('denied', message) }
    }
    if (isLocketError(found)) return { ok: false, error: found }
    if (isAll === true) return allOutcome(found)
    const value = found.get(key)
    if (value !== undefined) return { ok: true, secret: { value: Secret.fromText(value) } }
    const message = `${instance}: there is no variable ${key} in ${where}`
    const known = [...found.keys()].filter((name) => !hiddenNames.has(name))
    return { ok: false, error: providerError('not_found', message, { hint: nearHint(key, known) }) }
  }

  /** Returns all variables but those that hold a credential of locket's own. */
  function allOutcome(found: Variables): Outcome {
    const shown = [...found].filter(([name]) => !hiddenNames.has(name))
    try {
      if (shown.length === 0)
        throw providerError('not_found', `${instance}: there is no variable in ${where}`)
      return {
        ok: true,
        secret: { value: packFields(shown.map(([name, value]) => [name, Secret.fromText(value)])) },
      }
    } catch (thrown) {
      return { ok: false, error: toLocketError(thrown) }
    }
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
