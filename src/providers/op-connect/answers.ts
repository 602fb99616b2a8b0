import * as z from 'zod'
import { providerError } from '../lib/provider-error.ts'
import { rowsOf } from '../lib/rows.ts'

/** The schema of an id. Ids become parts of a URL, so other characters are refused. */
const Id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)
const Name = z
  .string()
  .nullish()
  .transform((name) => name ?? '')
const none = () => []
const listOf = <T extends z.ZodType>(entry: T) =>
  rowsOf(entry)
    .nullish()
    .transform((list) => list ?? none())

/** The list of vaults (1Password Connect API 1.7.1, `GET /v1/vaults`). */
export const Vaults = rowsOf(
  z.object({
    id: Id,
    name: Name,
    // The server counts the changes of the vault's items in it.
    contentVersion: z.number().int().nullish().catch(undefined),
  }),
)
/** The list of a vault's items, without their fields (1Password Connect API 1.7.1). */
export const ItemRows = rowsOf(z.object({ id: Id, title: Name, state: z.string().nullish() }))

const SectionOf = z.object({ id: z.string(), label: z.string().nullish() }).nullish()

/** An item with its fields and files (1Password Connect API 1.7.1, `FullItem`). */
export const Item = z.object({
  id: Id,
  title: Name,
  state: z.string().nullish(),
  // The server counts the changes of the item in it.
  version: z.number().int().nullish().catch(undefined),
  sections: listOf(z.object({ id: z.string(), label: Name })),
  fields: listOf(
    z.object({
      id: z.string(),
      label: Name,
      type: Name,
      purpose: Name,
      section: SectionOf,
      // The server leaves it out for an empty field.
      value: z.string().nullish(),
      // The current one-time password, which the server computes.
      totp: z.string().nullish(),
    }),
  ),
  files: listOf(
    z.object({
      id: Id,
      name: Name,
      size: z.number().nullish(),
      type: z.string().nullish(),
      section: SectionOf,
    }),
  ),
})
/** An item with its fields and files. */
export type Item = z.output<typeof Item>
/** One item of a list, without its fields. */
export type ItemRow = z.output<typeof ItemRows>[number]
/** One vault of the list. */
export type Vault = z.output<typeof Vaults>[number]

/**
 * Returns the answer in its documented format. Throws `provider_protocol`; the issues of zod are not kept,
 * because they can quote the answer.
 */
export function readConnectAnswer<S extends z.ZodType>(shape: S, answer: unknown, what: string): z.output<S> {
  const read = shape.safeParse(answer)
  if (read.success) return read.data
  throw providerError('provider_protocol', `${what} is not what a Connect server answers`, {
    hint: 'is connect-host the address of a 1Password Connect server?',
  })
}
