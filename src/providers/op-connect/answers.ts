import type * as z from 'zod'
import { lateSchema, type LateOutput, type LateSchema } from '../lib/answers/late-schema.ts'
import { providerError } from '../lib/provider-error.ts'
import { rowsOf } from '../lib/answers/rows.ts'

/** The schemas that the answers have in common. */
function commonOf(zod: typeof z) {
  const listOf = <T extends z.ZodType>(entry: T) =>
    rowsOf(zod, entry)
      .nullish()
      .transform((list) => list ?? none())
  return {
    /** Ids become parts of a URL, so other characters are refused. */
    Id: zod.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
    Name: zod
      .string()
      .nullish()
      .transform((name) => name ?? ''),
    listOf,
  }
}

const none = () => []

/** The list of vaults (1Password Connect API 1.7.1, `GET /v1/vaults`). */
export const Vaults = lateSchema((zod) => {
  const { Id, Name } = commonOf(zod)
  // The server counts the changes of the vault's items in it.
  const contentVersion = zod.number().int().nullish().catch(undefined)
  return rowsOf(zod, zod.object({ id: Id, name: Name, contentVersion }))
})
/** The list of a vault's items, without their fields (1Password Connect API 1.7.1). */
export const ItemRows = lateSchema((zod) => {
  const { Id, Name } = commonOf(zod)
  return rowsOf(zod, zod.object({ id: Id, title: Name, state: zod.string().nullish() }))
})

/** An item with its fields and files (1Password Connect API 1.7.1, `FullItem`). */
export const Item = lateSchema((zod) => {
  const { Id, Name, listOf } = commonOf(zod)
  const SectionOf = zod.object({ id: zod.string(), label: zod.string().nullish() }).nullish()
  return zod.object({
    id: Id,
    title: Name,
    state: zod.string().nullish(),
    // The server counts the changes of the item in it.
    version: zod.number().int().nullish().catch(undefined),
    sections: listOf(zod.object({ id: zod.string(), label: Name })),
    fields: listOf(
      zod.object({
        id: zod.string(),
        label: Name,
        type: Name,
        purpose: Name,
        section: SectionOf,
        // The server leaves it out for an empty field.
        value: zod.string().nullish(),
        // The current one-time password, which the server computes.
        totp: zod.string().nullish(),
      }),
    ),
    files: listOf(
      zod.object({
        id: Id,
        name: Name,
        size: zod.number().nullish(),
        type: zod.string().nullish(),
        section: SectionOf,
      }),
    ),
  })
})
/** An item with its fields and files. */
export type Item = LateOutput<typeof Item>
/** One item of a list, without its fields. */
export type ItemRow = LateOutput<typeof ItemRows>[number]
/** One vault of the list. */
export type Vault = LateOutput<typeof Vaults>[number]

/**
 * Returns the answer in its documented format. Throws `provider_protocol`; the issues of zod are not kept,
 * because they can quote the answer.
 */
export function readConnectAnswer<S extends z.ZodType>(
  shape: LateSchema<S>,
  answer: unknown,
  what: string,
): z.output<S> {
  const read = shape.safeParse(answer)
  if (read.success) return read.data
  throw providerError('provider_protocol', `${what} is not what a Connect server answers`, {
    hint: 'is connect-host the address of a 1Password Connect server?',
  })
}
