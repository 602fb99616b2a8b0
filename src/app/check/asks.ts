import { LocketError } from '../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { hasDefault, type SecretSegment } from '../../core/template/render.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import type { CheckedPlace } from './place.ts'
import type { ProviderAnswer } from './providers.ts'
import type { ReferenceReport } from './report.ts'

/** One client, which is asked for all places whose settings for it are equal. */
export interface Ask {
  readonly name: string
  readonly instance: ProviderInstance
  readonly wanted: Map<string, Wanted>
}

interface Wanted {
  readonly ref: SecretRef
  readonly where: ReadonlySet<string>
  readonly isOptional: boolean
}

/**
 * Returns the clients that are asked: those that a reference needs, and those that `isConfigured` wants. A
 * reference to an unsure provider of its place is in none of them.
 */
export function asksOf(
  places: readonly CheckedPlace[],
  isConfigured: (instance: ProviderInstance) => boolean,
): Ask[] {
  const asks = new Map<string, Ask>()
  for (const { label, providers } of places) {
    for (const instance of providers) {
      if (asks.has(instance.key)) continue
      const name = label === '' ? instance.name : `${instance.name} (${label})`
      asks.set(instance.key, { name, instance, wanted: new Map() })
    }
  }
  for (const place of places) {
    for (const segment of secretsOf(place)) if (!isUnsure(segment, place)) want(segment, place, asks)
  }
  return [...asks.values()].filter((ask) => ask.wanted.size > 0 || isConfigured(ask.instance))
}

/** Returns the references to unsure providers of their places, which are not asked for. */
export function unaskedOf(places: readonly CheckedPlace[]): ReferenceReport[] {
  const found = new Map<string, { readonly ref: SecretRef; readonly where: Set<string> }>()
  for (const place of places) {
    for (const segment of secretsOf(place).filter((each) => isUnsure(each, place))) {
      const { ref, where } = segment
      const known = found.get(ref.id) ?? { ref, where: new Set() }
      found.set(ref.id, known)
      known.where.add(where)
    }
  }
  return Array.from(found.values(), ({ ref, where }) => ({
    text: ref.text,
    provider: ref.provider,
    where: [...where],
  }))
}

function isUnsure({ ref }: SecretSegment, { unsure = [] }: CheckedPlace): boolean {
  return unsure.some(({ name }) => name === ref.provider)
}

/** True when one of the templates has a reference. */
export function hasReference(places: readonly CheckedPlace[]): boolean {
  return places.some((place) => secretsOf(place).length > 0)
}

function secretsOf({ templates }: CheckedPlace): (SecretSegment & { readonly where: string })[] {
  return templates.flatMap(({ where, template }) =>
    template.segments.flatMap((segment) => (segment.kind === 'secret' ? [{ ...segment, where }] : [])),
  )
}

function want(
  { where, ...segment }: SecretSegment & { readonly where: string },
  { providers }: CheckedPlace,
  asks: ReadonlyMap<string, Ask>,
): void {
  const { ref } = segment
  const instance = providers.find((candidate) => candidate.name === ref.provider)
  const wanted = asks.get(instance?.key ?? '')?.wanted
  if (wanted === undefined) throw new LocketError('internal', `no provider of the name ${ref.provider}`)
  const known = wanted.get(ref.id)
  const isOptional = hasDefault(segment) && known?.isOptional !== false
  wanted.set(ref.id, { ref, isOptional, where: new Set([...(known?.where ?? []), where]) })
}

/** Returns the results of a client's references. Without an answer they were not asked for. */
export function resultsOf({ name, wanted }: Ask, answer: ProviderAnswer | undefined): ReferenceReport[] {
  return [...wanted.values()].map(({ ref, where, isOptional }) => {
    const plain = { text: ref.text, provider: name, where: [...where] }
    if (answer === undefined) return plain
    const error = answer.failures.get(ref.id)
    const fields = answer.fields.get(ref.id)?.length
    const usesDefault = isOptional && error?.code === 'not_found'
    return {
      ...plain,
      result: {
        ...(error === undefined ? {} : { error }),
        ...(fields === undefined ? {} : { fields }),
        usesDefault,
        ms: answer.batchMs,
      },
    }
  })
}
