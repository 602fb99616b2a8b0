import type { EnvEntry } from '../../config/entries/env-entry.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { Resolve } from '../../core/vocabulary/resolve.ts'
import type { ParseRef } from '../../core/template/template.ts'
import { openDeadline } from '../render/deadline.ts'
import { environmentOf, prepareEnvironment } from '../recipe/environment.ts'
import { renderTemplates } from '../render/render.ts'

export interface EnvironmentRequest {
  readonly entries: readonly EnvEntry[]
  readonly parseRef: ParseRef
  readonly resolve: Resolve
  readonly signal: AbortSignal
}

export interface EnvironmentDeps {
  readonly clock: Clock
  readonly emit: Emit
  readonly sources: SourceFiles
}

const LONGEST_MS = 30_000
/** Of a template, and of a value: more than any environment takes. */
const MAX_BYTES = 10 * 1024 * 1024

/**
 * All variables, or one error that names all that failed: a reference without a value is never passed on as text. Waits 30 s for a provider
 * that is not up yet.
 */
export async function renderEnvironment(
  { entries, parseRef, resolve, signal }: EnvironmentRequest,
  { clock, emit, sources }: EnvironmentDeps,
): Promise<Map<string, string>> {
  const variables = await prepareEnvironment(entries, { parseRef, maxFileBytes: MAX_BYTES }, sources)
  for (const { origin, template } of variables) {
    for (const warning of template.warnings) emit('template.warning', { where: origin, warning })
  }
  using deadline = openDeadline(LONGEST_MS, clock, signal)
  const rules = { policy: 'error', maxFileBytes: MAX_BYTES, awaitsCredentials: false } as const
  const rendered = await renderTemplates(variables, resolve, rules, { clock }, deadline.signal)
  try {
    return environmentOf(rendered.contents)
  } finally {
    rendered.wipe()
  }
}
