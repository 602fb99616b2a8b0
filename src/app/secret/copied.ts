import { LocketError, addFacts } from '../../core/vocabulary/errors.ts'
import { unpackFields } from '../../core/vocabulary/fields.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import { parseSecretName, type SecretName } from '../../core/vocabulary/secret-name.ts'
import { wipeAll, type Secret } from '../../core/vocabulary/secret.ts'
import type { Machine } from '../machine.ts'
import { openDeadline, RENDER_TIMEOUT_MS } from '../render/deadline.ts'
import { fetchUntil, wipeOutcomes } from '../render/fetch.ts'

/** A place in the embedded store: a name, or a folder for all fields of a `*` reference. */
type CopyTarget =
  | { readonly kind: 'name'; readonly name: SecretName }
  /** `prefix` is empty or ends with a slash. */
  | { readonly kind: 'folder'; readonly prefix: string }

/** Returns the place that `local://…` means. Throws `usage` for a manager that locket cannot write. */
export function parseCopyTarget(text: string): CopyTarget {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]
  if (scheme !== undefined && scheme !== 'local')
    throw new LocketError(
      'usage',
      `${scheme}:// cannot be written: locket writes to the embedded store alone`,
      {
        hint: 'the target is local://PATH',
      },
    )
  const path = text.replace(/^local:\/\//, '')
  if (path === '' || path === '*') return { kind: 'folder', prefix: '' }
  if (!/\/\*?$/.test(path)) return { kind: 'name', name: parseSecretName(path) }
  return { kind: 'folder', prefix: `${parseSecretName(path.replace(/\/\*?$/, ''))}/` }
}

/**
 * Fetches the value of the reference, or all of its fields, under the names that they get. Waits at most 30 s
 * for a provider that is starting. Rejects when the reference and the target do not fit each other, for a
 * field whose name cannot be a part of a path, and for a value that ends with a lease. The caller must wipe
 * the values.
 */
export async function fetchCopies(
  ref: SecretRef,
  target: CopyTarget,
  signal: AbortSignal,
  { clock, resolve }: Pick<Machine, 'clock' | 'resolve'>,
): Promise<ReadonlyMap<SecretName, Secret>> {
  if ((ref.isAll === true) !== (target.kind === 'folder')) throw misfit(ref)
  using deadline = openDeadline(RENDER_TIMEOUT_MS, clock, signal)
  const waits = { optional: new Set<never>(), clock, signal: deadline.signal, awaitsCredential: () => false }
  const outcomes = await fetchUntil([ref], resolve, waits)
  try {
    signal.throwIfAborted()
    const outcome = outcomes.get(ref.id)
    if (outcome === undefined) throw new LocketError('internal', `there is no answer for ${ref.text}`)
    if (!outcome.ok) throw addFacts(outcome.error, { references: [ref.text], provider: ref.provider })
    return copiesOf(outcome.secret, ref, target)
  } finally {
    wipeOutcomes(outcomes)
  }
}

function copiesOf({ value, lease, isFleeting }: Resolved, ref: SecretRef, target: CopyTarget) {
  if (lease !== undefined || isFleeting === true)
    throw new LocketError(
      'unfit_value',
      `${ref.text} gives a value that ends by itself: a copy would not work`,
    )
  if (target.kind === 'name') return new Map([[target.name, value.copy()]])
  const copies = new Map<SecretName, Secret>()
  try {
    for (const [field, secret] of unpackFields(value)) {
      const name = nameOf(field, ref, target.prefix)
      if (copies.has(name))
        throw new LocketError('ambiguous', `two fields of ${ref.text} would be local://${name}`)
      copies.set(name, secret)
    }
    return copies
  } catch (thrown) {
    wipeAll(copies.values())
    throw thrown
  }
}

function nameOf(field: string, { text }: SecretRef, prefix: string): SecretName {
  try {
    return parseSecretName(`${prefix}${encodeURIComponent(field)}`)
  } catch (cause) {
    throw new LocketError(
      'ref_syntax',
      `${text} has the field ${JSON.stringify(field.slice(0, 80))}, which is not a name`,
      {
        cause,
        hint: 'copy the fields one by one, each to a name of your choice',
      },
    )
  }
}

function misfit(ref: SecretRef): LocketError {
  return ref.isAll === true
    ? new LocketError('usage', `${ref.text} means several values, and the target is one name`, {
        hint: 'end the target with a slash: local://FOLDER/',
      })
    : new LocketError('usage', `${ref.text} means one value, and the target is a folder`, {
        hint: 'add the name: local://FOLDER/NAME; a reference that ends in * means all fields',
      })
}
