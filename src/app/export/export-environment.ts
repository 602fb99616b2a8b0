import type { EnvEntry } from '../../config/entries/env-entry.ts'
import type { VariableStyle } from '../../core/plan/field-names.ts'
import type { ParseRef } from '../../core/template/template.ts'
import type { Machine } from '../machine.ts'
import { MOST_VARIABLE_BYTES, prepareEnvironment, type PreparedVariable } from '../recipe/environment.ts'
import { RENDER_TIMEOUT_MS } from '../render/deadline.ts'
import { render } from '../render/render.ts'
import type { Sink } from '../sinks/sink.ts'

/** The variables to export, and the sink that gets them. */
interface ExportRequest {
  readonly entries: readonly EnvEntry[]
  readonly parseRef: ParseRef
  /** See `VariableRules`. */
  readonly fieldNames: VariableStyle
  readonly signal: AbortSignal
  /** Left out: 30 s. */
  readonly timeoutMs?: number
  /** True: a reference that failed is not asked for again within that time. */
  readonly asksOnce?: boolean
  readonly sink: Sink<PreparedVariable>
}

/**
 * Gives all variables to the sink. Rejects with one error that names all that failed, and then the sink gets
 * nothing: a reference without a value is never passed on as text. Waits at most `timeoutMs` for a
 * provider that is starting.
 */
export async function exportEnvironment(
  request: ExportRequest,
  { clock, emit, sources, resolve }: Pick<Machine, 'clock' | 'emit' | 'sources' | 'resolve'>,
): Promise<void> {
  const { entries, parseRef, fieldNames, signal, timeoutMs = RENDER_TIMEOUT_MS, asksOnce = false } = request
  const environment = await prepareEnvironment(
    entries,
    { parseRef, maxFileBytes: MOST_VARIABLE_BYTES, fieldNames },
    sources,
  )
  for (const { origin, template } of environment.templates) {
    for (const warning of template.warnings) emit('template.warning', { where: origin, warning })
  }
  const rendered = await render(environment, {
    policy: 'error',
    maxFileBytes: MOST_VARIABLE_BYTES,
    resolve,
    clock,
    signal,
    timeoutMs,
    asksOnce,
    emit,
  })
  try {
    await request.sink.put(rendered.templates, rendered)
  } finally {
    rendered.wipe()
  }
}
