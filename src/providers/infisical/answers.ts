import * as z from 'zod'
import type { SecretType } from './shapes.ts'
import { providerError } from '../lib/provider-error.ts'
import { rowsOf } from '../lib/rows.ts'

/** The secret of a header: what no header can hold is refused here, because `fetch` would quote it. */
export const InfisicalLogin = z.object({
  accessToken: z.string().regex(/^[\x21-\x7e]{1,16384}$/),
  /** Seconds; 0: for ever. */
  expiresIn: z.number().nonnegative(),
})

const Row = z.object({
  secretKey: z.string(),
  secretValue: z.string(),
  type: z.string(),
  // Servers before the permission Read Value do not know it.
  secretValueHidden: z.boolean().nullish(),
  // Counts the changes of the secret.
  version: z.number().int().nullish().catch(undefined),
})

export const OneSecret = z.object({ secret: Row })
export const SecretList = z.object({
  secrets: rowsOf(Row),
  imports: rowsOf(z.object({ secrets: rowsOf(Row) })).nullish(),
})

/** A secret as the server gave it. */
export interface Found {
  readonly value: string
  /** The server holds the value back, and gives a text in its place. */
  readonly isHidden: boolean
  readonly version?: string
}

/** The server's text in place of a value, and of a part that came out of another secret. */
const MASK = '<hidden-by-infisical>'

/** Undefined when it is of the other type: an imported secret is always shared. */
export function readOne({ secret }: z.output<typeof OneSecret>, type: SecretType): Found | undefined {
  return secret.type === type ? found(secret) : undefined
}

/** By key. What lies in the folder itself goes before imports, a later import before an earlier one: so the server answers by name. */
export function readList(
  { secrets, imports }: z.output<typeof SecretList>,
  type: SecretType,
): ReadonlyMap<string, Found> {
  const byKey = new Map<string, Found>()
  const fromImports = (imports ?? []).toReversed().flatMap((entry) => entry.secrets)
  for (const row of [...secrets, ...fromImports]) {
    if (row.type === type && !byKey.has(row.secretKey)) byKey.set(row.secretKey, found(row))
  }
  return byKey
}

/** The answer in its documented shape. zod's issues can quote what they saw, so they are not kept. */
export function readInfisicalAnswer<S extends z.ZodType>(
  shape: S,
  answer: unknown,
  what: string,
): z.output<S> {
  const read = shape.safeParse(answer)
  if (read.success) return read.data
  throw providerError('provider_protocol', `${what} is not what an Infisical server answers`, {
    hint: 'is infisical-url the address of an Infisical server?',
  })
}

function found(row: z.output<typeof Row>): Found {
  return {
    value: row.secretValue,
    isHidden: row.secretValueHidden === true || row.secretValue.includes(MASK),
    ...(row.version == null ? {} : { version: String(row.version) }),
  }
}
