import * as z from 'zod'
import { providerError } from '../lib/provider-error.ts'
import { rowsOf } from '../lib/rows.ts'

/** Ids become parts of a URL: nothing else may come in as one. */
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

export const Vaults = rowsOf(z.object({ id: Id, name: Name }))
export const ItemRows = rowsOf(z.object({ id: Id, title: Name, state: z.string().nullish() }))

const SectionOf = z.object({ id: z.string(), label: z.string().nullish() }).nullish()

export const Item = z.object({
  id: Id,
  title: Name,
  state: z.string().nullish(),
  // Counts the changes of the item.
  version: z.number().int().nullish().catch(undefined),
  sections: listOf(z.object({ id: z.string(), label: Name })),
  fields: listOf(
    z.object({
      id: z.string(),
      label: Name,
      type: Name,
      purpose: Name,
      section: SectionOf,
      // An empty field has no such key.
      value: z.string().nullish(),
      // The current code, computed by the server.
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
export type Item = z.output<typeof Item>
export type ItemRow = z.output<typeof ItemRows>[number]
export type Vault = z.output<typeof Vaults>[number]

/** The answer in its documented shape. zod's issues can quote what they saw, so they are not kept. */
export function readConnectAnswer<S extends z.ZodType>(shape: S, answer: unknown, what: string): z.output<S> {
  const read = shape.safeParse(answer)
  if (read.success) return read.data
  throw providerError('provider_protocol', `${what} is not what a Connect server answers`, {
    hint: 'is connect-host the address of a 1Password Connect server?',
  })
}
