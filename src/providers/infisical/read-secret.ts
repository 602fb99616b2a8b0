import { isLocketError } from '../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Found } from './answers.ts'
import type { InfisicalApi } from './api.ts'
import { formatFolder, parseInfisicalReference } from './reference.ts'
import type { InfisicalReference } from './reference.ts'
import { hiddenValue } from './refusals.ts'

/** The folders that the references of one batch ask for. */
export interface InfisicalQuery {
  /** The number of references in each folder; the key is made by `formatFolder`. */
  readonly perFolder: ReadonlyMap<string, number>
}

/** Counts the references of each folder. */
export function queryOf(refs: readonly SecretRef[]): InfisicalQuery {
  const perFolder = new Map<string, number>()
  for (const { key } of refs) {
    const reference = parseInfisicalReference(key, {})
    if (reference === undefined) continue
    const folder = formatFolder(reference)
    perFolder.set(folder, (perFolder.get(folder) ?? 0) + 1)
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
  const listed = isAlone ? undefined : await findListed(reference, api, signal)
  const found = listed ?? (await api.secret(reference, signal))
  if (found.isHidden) throw hiddenValue(who, reference)
  return found
}

async function findListed(
  reference: InfisicalReference,
  api: InfisicalApi,
  signal: AbortSignal,
): Promise<Found | undefined> {
  try {
    return (await api.folder(reference, signal)).get(reference.key)
  } catch (thrown) {
    if (isLocketError(thrown) && (thrown.code === 'denied' || thrown.code === 'too_large')) return undefined
    throw thrown
  }
}
