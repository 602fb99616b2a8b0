import { LocketError, isLocketError } from '../../core/vocabulary/errors.ts'
import { matchByName, sameName } from '../lib/names/name-match.ts'
import type { Match } from '../lib/names/name-match.ts'
import { nearHint } from '../lib/names/name-hint.ts'
import type { OpReference } from '../lib/reference/op-reference.ts'
import type { Item, ItemRow, Vault } from './answers.ts'
import type { ConnectApi } from './api.ts'
import { providerError } from '../lib/provider-error.ts'

const ID = /^[0-9a-z]{26}$/
const MAX_KNOWN = 10_000

/**
 * The ids of known names. They are kept from one batch to the next, so that a reference takes one request
 * instead of three.
 */
export interface KnownNames {
  readonly vaults: Map<string, string>
  /** The ids of items by `vault id/title`. */
  readonly items: Map<string, string>
  /** The keys of references whose value changes by itself, as a one-time password does. */
  readonly fleeting: Set<string>
}

/** An item and the id of its vault. */
interface FoundItem {
  readonly vaultId: string
  readonly item: Item
}

/** Returns an empty table of names. Each map holds at most 10,000 of them. */
export function createKnownNames(): KnownNames {
  return { vaults: new Map(), items: new Map(), fleeting: new Set() }
}

/**
 * Finds the item of a reference. A known id, or a name that looks like an id, is tried first. If that item
 * does not exist, may not be read or has been renamed, both names are looked up again: a title may look like
 * an id, and an item may have been created anew. Rejects with `not_found`, `denied` or `ambiguous`.
 */
export async function findItem(
  api: ConnectApi,
  known: KnownNames,
  reference: OpReference,
): Promise<FoundItem> {
  const vaultGuess = knownVault(known, reference.vault)
  const vaultId = vaultGuess ?? (await findVault(api, known, reference.vault))
  const itemGuess = known.items.get(`${vaultId}/${reference.item}`) ?? asId(reference.item)
  let refused: LocketError | undefined
  try {
    const itemId = itemGuess ?? (await findTitle(api, known, vaultId, reference))
    const item = await api.item(vaultId, itemId)
    if (itemGuess === undefined || isStill(item, reference.item)) return { vaultId, item }
  } catch (thrown) {
    const isGuess = vaultGuess !== undefined || itemGuess !== undefined
    if (!isGuess || !isLocketError(thrown) || (thrown.code !== 'not_found' && thrown.code !== 'denied'))
      throw thrown
    refused = thrown
  }
  known.items.delete(`${vaultId}/${reference.item}`)
  known.vaults.delete(reference.vault)
  try {
    return await lookUp(api, known, reference)
  } catch (thrown) {
    // A `denied` is more useful than "there is no such name".
    throw refused?.code === 'denied' && isLocketError(thrown) && thrown.code === 'not_found'
      ? refused
      : thrown
  }
}

/** Returns the id of a vault that was found before, or a name that looks like an id. */
export function knownVault(known: KnownNames, name: string): string | undefined {
  return known.vaults.get(name) ?? asId(name)
}

/** Returns whether a vault has the id or the name of a reference. It may have been renamed. */
export function isVaultOf(vault: Vault, reference: OpReference | undefined): boolean {
  return reference !== undefined && (vault.id === reference.vault || sameName(vault.name, reference.vault))
}

async function lookUp(api: ConnectApi, known: KnownNames, reference: OpReference): Promise<FoundItem> {
  const vaultId = await findVault(api, known, reference.vault)
  const itemId = await findTitle(api, known, vaultId, reference)
  return { vaultId, item: await api.item(vaultId, itemId) }
}

/**
 * Finds a vault by name. The list holds all vaults that the token may read: one request serves all names, and
 * no name goes into a filter.
 */
async function findVault(api: ConnectApi, known: KnownNames, name: string): Promise<string> {
  const vaults = await api.vaults()
  const hint = () =>
    nearHint(
      name,
      vaults.map((entry) => entry.name),
    )
  const vault = theOne(matchByName(vaults, name, { id: (entry) => entry.id, name: (entry) => entry.name }), {
    api,
    what: `vault "${name}" that this token may read`,
    several: `vaults named "${name}"`,
    hint,
  })
  remember(known.vaults, name, vault.id)
  return vault.id
}

async function findTitle(
  api: ConnectApi,
  known: KnownNames,
  vaultId: string,
  { vault, item: title }: OpReference,
): Promise<string> {
  const filtered = matchTitle((await api.itemsTitled(vaultId, title)) ?? [], title)
  // The filter may be case-sensitive, while references are not.
  const rows = filtered.kind === 'none' ? await api.items(vaultId) : []
  const match = filtered.kind === 'none' ? matchTitle(rows, title) : filtered
  const row = theOne(match, {
    api,
    what: `item "${title}" in vault "${vault}"`,
    several: `items titled "${title}"`,
    hint: () => nearHint(title, titlesOf(rows)),
  })
  remember(known.items, `${vaultId}/${title}`, row.id)
  return row.id
}

function titlesOf(rows: readonly ItemRow[]): string[] {
  return rows.filter((row) => !isPutAway(row)).map((row) => row.title)
}

function matchTitle(rows: readonly ItemRow[], title: string): Match<ItemRow> {
  const kept = rows.filter((row) => !isPutAway(row))
  return matchByName(kept, title, { id: (row) => row.id, name: (row) => row.title })
}

function isStill(item: Item, wanted: string): boolean {
  return item.id === wanted || (sameName(item.title, wanted) && !isPutAway(item))
}

function isPutAway(row: { readonly state?: string | null | undefined }): boolean {
  return row.state === 'ARCHIVED' || row.state === 'DELETED'
}

function theOne<T extends { readonly id: string }>(
  match: Match<T>,
  asked: {
    readonly api: ConnectApi
    readonly what: string
    readonly several: string
    readonly hint: () => string | undefined
  },
): T {
  if (match.kind === 'one') return match.entry
  if (match.kind === 'none')
    throw providerError('not_found', `${asked.api.who} has no ${asked.what}`, { hint: asked.hint() })
  const ids = match.entries.slice(0, 10).map((entry) => entry.id)
  throw providerError(
    'ambiguous',
    `${asked.api.who} has ${match.entries.length} ${asked.several}: ${ids.join(', ')}`,
    {
      hint: 'write the id in place of the name',
    },
  )
}

function remember(names: Map<string, string>, name: string, id: string): void {
  if (names.size >= MAX_KNOWN) names.clear()
  names.set(name, id)
}

function asId(text: string): string | undefined {
  return ID.test(text) ? text : undefined
}
