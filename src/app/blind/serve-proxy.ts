import { proxyVariables, type ProxyPlaces } from '../../core/blind/variables.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Machine } from '../machine.ts'
import type { RefreshSettings } from '../renewal/command-refresh.ts'
import { forbidReading, reportBlindness } from './run-blind.ts'
import { followValues, type SessionPorts } from './session.ts'

/** The settings of `locket proxy`. */
interface ServeProxyConfig {
  readonly refreshing: RefreshSettings
}

/** The ports that `serveProxy` needs. */
interface ServeProxyDeps extends SessionPorts, Pick<Machine, 'forbidTracing'> {
  /** Listens and writes the certificates. */
  readonly openProxy: () => Promise<AsyncDisposable & ProxyPlaces>
  /** Writes the variables for the programs of other containers, and that the proxy is ready. */
  readonly publish: (variables: Readonly<Record<string, string>>) => Promise<void>
  readonly notifyReady: () => Promise<unknown>
}

/**
 * Serves programs of other containers until the signal aborts, and returns the exit code. The file of the
 * variables holds placeholders and no value. Rejects before anything listens when a value is missing.
 */
export async function serveProxy(
  config: ServeProxyConfig,
  deps: ServeProxyDeps,
  signal: AbortSignal,
): Promise<number> {
  const { emit, source } = deps
  await forbidReading(deps)
  const values = await source.fetch(signal)
  reportBlindness({ blind: new Map() }, values, emit)
  const ended = new AbortController()
  const following = followValues(values, config.refreshing, deps, ended.signal)
  following.catch(() => undefined)
  try {
    await using proxy = await deps.openProxy()
    const hidden = values.secrets.map(({ name, placeholder }) => [name, placeholder] as const)
    await deps.publish({ ...proxyVariables(proxy), ...Object.fromEntries(hidden) })
    emit('blind.listening', { address: proxy.address, secrets: values.secrets.length })
    await deps.notifyReady()
    await aborted(signal)
    return 0
  } finally {
    ended.abort(new LocketError('aborted', 'the proxy ends'))
    await following
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
