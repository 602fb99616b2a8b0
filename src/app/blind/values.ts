import type { EnvEntry } from '../../config/entries/env-entry.ts'
import type { BlindEntry } from '../../config/mapping/blind-entry.ts'
import { createPlaceholder, isPlaceholder } from '../../core/blind/placeholder.ts'
import type { BlindSecret } from '../../core/blind/swap.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { wipeAll } from '../../core/vocabulary/secret.ts'
import type { Machine } from '../machine.ts'
import { prepareEnvironment, type VariableRules } from '../recipe/environment.ts'
import { RENDER_TIMEOUT_MS } from '../render/deadline.ts'
import { render } from '../render/render.ts'
import { environmentOf, valuesOf } from '../sinks/environment.ts'

/** The variables of blind mode. */
export interface BlindConfig {
  readonly entries: readonly EnvEntry[]
  readonly rules: VariableRules
  /** See `SecretMapping.blind`. A variable that is not in it is bound to nothing. */
  readonly blind: ReadonlyMap<string, BlindEntry | 'visible'>
}

/** The ports that `openBlindValues` needs. */
type BlindValuesDeps = Pick<Machine, 'sources' | 'resolve' | 'clock' | 'emit'>

/** The values of one fetch. The caller owns the secrets. */
export interface BlindValues {
  readonly secrets: readonly BlindSecret[]
  /** Variables that the command gets with their values. */
  readonly visible: ReadonlyMap<string, string>
  readonly refs: readonly SecretRef[]
  /** When the first of the values expires, in milliseconds since the epoch. Undefined: none does. */
  readonly expiresAt: number | undefined
  /** See `Rendered`. */
  readonly isSteady: boolean
}

/** Fetches the values again and again. Each variable keeps its placeholder. */
export interface BlindSource {
  /**
   * `isRefresh`: the requests have no deadline together. Rejects with one error that names all that failed.
   */
  fetch(signal: AbortSignal, isRefresh?: boolean): Promise<BlindValues>
}

/** Makes the source. `known`: placeholders of an earlier start, by the names of their variables. */
export function openBlindValues(
  { entries, rules, blind }: BlindConfig,
  deps: BlindValuesDeps,
  known: ReadonlyMap<string, string> = new Map(),
): BlindSource {
  const { sources, resolve, clock, emit } = deps
  const placeholders = new Map(known)

  function placeholderOf(name: string, format: BlindEntry['format'] | undefined): string {
    const kept = placeholders.get(name)
    if (kept !== undefined && isPlaceholder(kept, format)) return kept
    const made = createPlaceholder(format)
    placeholders.set(name, made)
    return made
  }

  return {
    async fetch(signal, isRefresh = false) {
      const recipe = await prepareEnvironment(entries, rules, sources)
      for (const { origin, template } of recipe.templates)
        for (const warning of template.warnings) emit('template.warning', { where: origin, warning })
      const rendered = await render(recipe, {
        policy: 'error',
        maxFileBytes: rules.maxFileBytes,
        resolve,
        clock,
        signal,
        ...(isRefresh ? {} : { timeoutMs: RENDER_TIMEOUT_MS }),
        emit,
      })
      const secrets: BlindSecret[] = []
      try {
        const values = valuesOf(rendered.templates, rendered.contents)
        for (const [{ name }, value] of values) {
          const entry = blind.get(name)
          if (entry === 'visible' || value.byteLength === 0) continue
          const placeholder = placeholderOf(name, entry?.format)
          secrets.push({ name, placeholder, binding: entry?.binding, value: value.copy() })
        }
        const isHidden = new Set(secrets.map(({ name }) => name))
        const visible = environmentOf(values.filter(([{ name }]) => !isHidden.has(name)))
        const refs = rendered.templates.flatMap(({ template }) => template.refs)
        const { expiresAt, isSteady = false } = rendered
        return { secrets, visible, refs, expiresAt, isSteady }
      } catch (thrown) {
        wipeAll(secrets.map(({ value }) => value))
        throw thrown
      } finally {
        rendered.wipe()
      }
    },
  }
}

/** Returns the variables with placeholders and visible values. */
export function blindVariables({ secrets, visible }: BlindValues): Readonly<Record<string, string>> {
  const hidden = secrets.map(({ name, placeholder }) => [name, placeholder] as const)
  return Object.fromEntries([...visible, ...hidden])
}
