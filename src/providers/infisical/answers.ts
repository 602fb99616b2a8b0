import type * as z from 'zod'
import { lateSchema, type LateOutput, type LateSchema } from '../lib/answers/late-schema.ts'
import type { SecretType } from './shapes.ts'
import { providerError } from '../lib/provider-error.ts'
import { rowsOf } from '../lib/answers/rows.ts'

/**
 * The answer of a login. The token goes into a header: a token that no header can hold is refused here,
 * because `fetch` would quote it in its error.
 */
export const InfisicalLogin = lateSchema((zod) =>
  zod.object({
    accessToken: zod.string().regex(/^[\x21-\x7e]{1,16384}$/),
    /** Seconds; 0: the token never expires (identity-universal-auth-router.ts of Infisical's source). */
    expiresIn: zod.number().nonnegative(),
  }),
)

function rowOf(zod: typeof z) {
  return zod.object({
    secretKey: zod.string(),
    secretValue: zod.string(),
    type: zod.string(),
    // Servers older than the permission Read Value do not send it.
    secretValueHidden: zod.boolean().nullish(),
    // The server counts the changes of the secret in it.
    version: zod.number().int().nullish().catch(undefined),
  })
}

/** The answer to the read of one secret. */
export const OneSecret = lateSchema((zod) => zod.object({ secret: rowOf(zod) }))
/** The answer to the read of a folder. */
export const SecretList = lateSchema((zod) => {
  const Row = rowOf(zod)
  return zod.object({
    secrets: rowsOf(zod, Row),
    imports: rowsOf(zod, zod.object({ secrets: rowsOf(zod, Row) })).nullish(),
  })
})

/** A secret as the server sent it. */
export interface Found {
  readonly value: string
  /** The server withholds the value and sends a placeholder. */
  readonly isHidden: boolean
  /** The number of changes of the secret. */
  readonly version?: string
}

/**
 * The placeholder that the server sends for a hidden value, or for a hidden part that comes from another
 * secret (`INFISICAL_SECRET_VALUE_HIDDEN_MASK` in Infisical's source).
 */
const MASK = '<hidden-by-infisical>'

/** Returns the secret, or undefined if it is of the other type. An imported secret is always shared. */
export function readOne({ secret }: LateOutput<typeof OneSecret>, type: SecretType): Found | undefined {
  return secret.type === type ? found(secret) : undefined
}

/**
 * Returns the secrets of a folder by key. A secret of the folder itself wins over imports, and a later import
 * over an earlier one, as in the server's answers by name.
 */
export function readList(
  { secrets, imports }: LateOutput<typeof SecretList>,
  type: SecretType,
): ReadonlyMap<string, Found> {
  const byKey = new Map<string, Found>()
  const fromImports = (imports ?? []).toReversed().flatMap((entry) => entry.secrets)
  for (const row of [...secrets, ...fromImports]) {
    if (row.type === type && !byKey.has(row.secretKey)) byKey.set(row.secretKey, found(row))
  }
  return byKey
}

/**
 * Returns the answer in its documented format. Throws `provider_protocol`; the issues of zod are not kept,
 * because they can quote the answer.
 */
export function readInfisicalAnswer<S extends z.ZodType>(
  shape: LateSchema<S>,
  answer: unknown,
  what: string,
): z.output<S> {
  const read = shape.safeParse(answer)
  if (read.success) return read.data
  throw providerError('provider_protocol', `${what} is not what an Infisical server answers`, {
    hint: 'is infisical-url the address of an Infisical server?',
  })
}

function found(row: LateOutput<typeof OneSecret>['secret']): Found {
  return {
    value: row.secretValue,
    isHidden: row.secretValueHidden === true || row.secretValue.includes(MASK),
    ...(row.version == null ? {} : { version: String(row.version) }),
  }
}
