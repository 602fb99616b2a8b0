import type { Clock } from '../../core/ports/clock.ts'
import type { Programs } from '../../core/ports/process.ts'
import type { Machine } from '../machine.ts'
import type { RefreshSettings } from '../renewal/command-refresh.ts'

/** Milliseconds after which the requests for the values are on their way. */
const PREPARE_MS = 40

/**
 * Returns `resolve`. While it waits for another machine, it loads what replacing this process takes. A
 * provider on this machine uses the processor itself, and gains nothing by that.
 */
export function preparingMeanwhile(
  { providers }: Pick<RefreshSettings, 'providers'>,
  {
    resolve,
    programs,
    clock,
  }: Pick<Machine, 'resolve'> & { readonly programs: Pick<Programs, 'prepare'>; readonly clock: Clock },
): Machine['resolve'] {
  const local = new Set(providers.filter(({ def }) => def.isLocal === true).map(({ name }) => name))
  return async (refs, options) => {
    const over = new AbortController()
    if (refs.some(({ provider }) => !local.has(provider)))
      clock.sleep(PREPARE_MS, over.signal).then(programs.prepare, () => undefined)
    try {
      return await resolve(refs, options)
    } finally {
      over.abort()
    }
  }
}
