import { isLocketError } from '../../core/vocabulary/errors.ts'
import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import type { Found } from './answers.ts'
import type { InfisicalApi } from './api.ts'
import { formatFolder, parseInfisicalReference } from './reference.ts'
import type { InfisicalReference } from './reference.ts'
import { hiddenValue } from './refusals.ts'

/** The references of one batch. */
interface InfisicalQuery {
  readonly references: ReadonlyMap<RefId, InfisicalReference>
  /** How many of them each folder has. */
  readonly perFolder: ReadonlyMap<string, number>
}

export function wantedOf(refs: readonly SecretRef[]): InfisicalQuery {
  const references = new Map<RefId, InfisicalReference>()
  for (const { id, key } of refs) {
    const reference = parseInfisicalReference(key, {})
    if (reference !== undefined) references.set(id, reference)
  }
  const perFolder = new Map<string, number>()
  for (const reference of references.values()) {
    const folder = formatFolder(reference)
    perFolder.set(folder, (perFolder.get(folder) ?? 0) + 1)
  }
  return { references, perFolder }
}

/**
 * The value. Of a folder that several references are in, all secrets are asked for at once; what that does not give, by its name: a server
 * refuses the list for one value that it may not give, and leaves out what the identity may not know of.
 */
export async function readSecret(
  reference: InfisicalReference,
  api: InfisicalApi,
  { perFolder }: InfisicalQuery,
  { who, signal }: { readonly who: string; readonly signal: AbortSignal },
): Promise<string> {
  const isAlone = (perFolder.get(formatFolder(reference)) ?? 0) < 2
  const listed = isAlone ? undefined : await findListed(reference, api, signal)
  const found = listed ?? (await api.secret(reference, signal))
  if (found.isHidden) throw hiddenValue(who, reference)
  return found.value
}

async function findListed(
  reference: InfisicalReference,
  api: InfisicalApi,
  signal: AbortSignal,
): Promise<Found | undefined> {
  try {
    return (await api.folder(reference, signal)).get(reference.key)
  } catch (thrown) {
    if (isLocketError(thrown) && thrown.code === 'denied') return undefined
    throw thrown
  }
}
