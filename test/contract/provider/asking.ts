import { formatError, type LocketError } from '../../../src/core/vocabulary/errors.ts'
import type { SecretRef } from '../../../src/core/vocabulary/ref.ts'
import { codesOf, fetched, parsed, textsOf, type Opened } from './provider-attempt.ts'
import type { ProviderSubject } from './provider-backend.ts'

export type Ask = (...texts: string[]) => Promise<string[]>

/** Questions to an open client, references given as text; answers in their order. */
export interface Asking {
  readonly refsOf: (texts: readonly string[]) => SecretRef[]
  /** The values. */
  readonly read: Ask
  /** `ok`, or the error's code. */
  readonly codes: Ask
  /** `ok`, or what the error says. */
  readonly messages: Ask
}

export function asking(
  subject: ProviderSubject,
  opened: Opened,
  say: (error: LocketError) => string = formatError,
): Asking {
  const refsOf = (texts: readonly string[]) => texts.map((text) => parsed(subject, text))
  return {
    refsOf,
    read: (...texts) => textsOf(opened, refsOf(texts)),
    codes: (...texts) => codesOf(opened, refsOf(texts)),
    async messages(...texts) {
      const outcomes = [...(await fetched(opened, refsOf(texts))).values()]
      return outcomes.map((outcome) => (outcome.ok ? 'ok' : say(outcome.error)))
    },
  }
}
