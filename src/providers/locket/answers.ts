import * as z from 'zod'
import { formatPlace } from '../../core/broker/place.ts'
import type { ListedSecret } from '../../core/plan/granted-names.ts'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import { packFields } from '../../core/vocabulary/fields.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { providerError } from '../lib/provider-error.ts'
import { parseLocketReference } from './reference.ts'

const Base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/)
const Facts = {
  version: z.string().max(128),
  expiresAt: z.number().optional(),
  fleeting: z.boolean().optional(),
}

const Row = z.union([
  z.object({ error: z.string().max(64) }),
  z.object({ unchanged: z.literal(true), ...Facts }),
  z.object({ value: Base64, ...Facts }),
  z.object({ fields: z.array(z.tuple([z.string(), Base64])), ...Facts }),
])

/** An answer of the broker to one reference. */
export type BrokerRow = z.output<typeof Row>

const Answer = z.object({ cursor: z.string().max(128), answers: z.record(z.string(), z.unknown()) })

/** The rows of an answer by reference, and the `since` of a watch from then on. */
interface ReadAnswer {
  readonly cursor: string
  readonly rows: ReadonlyMap<string, BrokerRow | undefined>
}

/** Returns an answer. Throws `provider_protocol`. A row that cannot be read costs its own reference. */
export function readAnswer(answer: unknown, who: string): ReadAnswer {
  const read = Answer.safeParse(answer)
  if (!read.success) throw unreadable(who)
  const { cursor, answers } = read.data
  return {
    cursor,
    rows: new Map(Object.entries(answers).map(([ref, row]) => [ref, Row.safeParse(row).data])),
  }
}

const Listing = z.object({
  secrets: z.array(z.object({ project: z.string(), name: z.string(), hasFields: z.boolean() })).max(100_000),
})

/** Returns the secrets of an answer that lists them. Throws `provider_protocol`. */
export function readListing(answer: unknown, who: string): readonly ListedSecret[] {
  const read = Listing.safeParse(answer)
  if (!read.success) throw unreadable(who)
  return read.data.secrets.map(({ project, name, hasFields }) => {
    const place = { project, name, ...(hasFields ? ({ isAll: true } as const) : {}) }
    const reference = `locket://${formatPlace(place)}`
    // The reference becomes a template: the broker must not write anything else into it.
    if (parseLocketReference(reference) === undefined) throw unreadable(who)
    return { name, reference, hasFields }
  })
}

/** Returns the value of a row. Throws the error that it holds. */
export function resolvedOf(row: BrokerRow | undefined, place: string, who: string): Resolved {
  if (row === undefined || 'unchanged' in row) throw unreadable(who)
  if ('error' in row) throw rowError(row.error, place, who)
  const { version, expiresAt, fleeting } = row
  const value =
    'value' in row
      ? new Secret(bytesOf(row.value))
      : packFields(row.fields.map(([name, part]) => [name, new Secret(bytesOf(part))]))
  return {
    value,
    version,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(fleeting === true ? { isFleeting: true } : {}),
  }
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}

/**
 * The error for a code of the broker's table. A failure of the broker's own login at its provider must not
 * look like one of this machine.
 */
function rowError(code: string, place: string, who: string): LocketError {
  const named = `locket://${place}`
  if (code === 'denied')
    return providerError('denied', `${who} does not let this machine read ${named}, or has no such secret`, {
      hint: 'on the host of the broker, locket audit show --broker --outcome denied tells the reason: a missing grant (locket grant add MACHINE PROJECT/NAME), or a rule of its policy',
    })
  if (code === 'not_found') return providerError('not_found', `${who} found nothing behind ${named}`)
  if (code === 'too_large')
    return providerError('too_large', `${who}: the secret behind ${named} is too large`)
  if (code === 'rate_limited')
    return providerError('rate_limited', `the provider behind ${who} asks for fewer requests`)
  if (code === 'timeout') return providerError('timeout', `the provider behind ${who} did not answer in time`)
  if (code === 'cycle')
    return providerError('cycle', `what is behind ${named} leads from ${who} back to a broker before it`, {
      hint: 'the logs of the brokers tell which: one of them needs the reference of a secret manager',
    })
  if (code === 'ref_syntax') return providerError('ref_syntax', `${who} does not read ${named}`)
  return providerError('unavailable', `${who} cannot read what is behind ${named}`, {
    hint: 'the log of the broker tells why',
  })
}

function unreadable(who: string): LocketError {
  return providerError('provider_protocol', `${who} sent an answer that cannot be read`, {
    hint: 'do the versions of locket on both sides fit?',
  })
}
