import { isLocketError } from '../../core/vocabulary/errors.ts'
import type { NamedSecret } from '../../core/vocabulary/fields.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Found } from './answers.ts'
import type { InfisicalApi } from './api.ts'
import { formatFolder, parseInfisicalReference } from './reference.ts'
import type { InfisicalReference } from './reference.ts'
import { hiddenValue, noInfisicalSecret } from './refusals.ts'
import { providerError } from '../lib/provider-error.ts'

/** The folders that the references of one batch ask for. */
export interface InfisicalQuery {
  /** The number of references in each folder, a `*` counted twice; the key is made by `formatFolder`. */
  readonly perFolder: ReadonlyMap<string, number>
}

/** Counts the references of each folder. */
export function queryOf(refs: readonly SecretRef[]): InfisicalQuery {
  const perFolder = new Map<string, number>()
  for (const { key } of refs) {
    const reference = parseInfisicalReference(key, {})
    if (reference === undefined) continue
    const folder = formatFolder(reference)
    // A `*` asks for the list, which then serves the other references of the folder too.
    perFolder.set(folder, (perFolder.get(folder) ?? 0) + (reference.isAll === true ? 2 : 1))
  }
  return { perFolder }
}

/**
 * Resolves with the secret of a reference. If several references are in one folder, it asks for all secrets
 * of the folder at once. It asks by name for a secret that the list does not give: a server refuses the list
 * if one value may not be read, it leaves out secrets that the identity may not see, and a folder may be too
 * large for one answer. Rejects with `denied` for a hidden value.
 */
export async function readSecret(
  reference: InfisicalReference,
  api: InfisicalApi,
  { perFolder }: InfisicalQuery,
  { who, signal }: { readonly who: string; readonly signal: AbortSignal },
): Promise<Found> {
  const isAlone = (perFolder.get(formatFolder(reference)) ?? 0) < 2
  const listed = isAlone ? undefined : await listOf(reference, api, signal)
  const found = listed?.get(reference.key) ?? (await readByName(reference, api, { who, signal, listed }))
  if (found.isHidden) throw hiddenValue(who, reference)
  return found
}

/** `listed`: the secrets of the folder, if they were asked for. */
interface NamedCall {
  readonly who: string
  readonly signal: AbortSignal
  readonly listed: ReadonlyMap<string, Found> | undefined
}

/**
 * Asks for one secret. When it does not exist, the names of the folder give the hint, if the server lists
 * them.
 */
async function readByName(
  reference: InfisicalReference,
  api: InfisicalApi,
  { who, signal, listed }: NamedCall,
): Promise<Found> {
  try {
    return await api.secret(reference, signal)
  } catch (thrown) {
    if (!isLocketError(thrown) || thrown.code !== 'not_found') throw thrown
    const known = listed?.keys() ?? (await api.names(reference, signal).catch(() => undefined))
    throw known === undefined ? thrown : noInfisicalSecret(who, reference, known)
  }
}

async function listOf(
  reference: InfisicalReference,
  api: InfisicalApi,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Found> | undefined> {
  try {
    return await api.folder(reference, signal)
  } catch (thrown) {
    if (isLocketError(thrown) && (thrown.code === 'denied' || thrown.code === 'too_large')) return undefined
    throw thrown
  }
}

/**
 * Resolves with all secrets of a folder, by one request. Rejects with `denied` if a value is hidden or may
 * not be read, and with `not_found` for an empty folder: a part of a folder would look like all of it.
 */
export async function readFolder(
  reference: InfisicalReference,
  api: InfisicalApi,
  { who, signal }: { readonly who: string; readonly signal: AbortSignal },
): Promise<readonly NamedSecret[]> {
  const listed = await api.folder(reference, signal)
  for (const { isHidden } of listed.values()) if (isHidden) throw hiddenValue(who, reference)
  if (listed.size === 0)
    throw providerError('not_found', `${who} has no secret in ${reference.path} that this identity may see`)
  return [...listed].map(([key, { value }]) => [key, Secret.fromText(value)])
}
