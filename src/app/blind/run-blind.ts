import { nodeUsesProxy, proxyVariables, type ProxyPlaces } from '../../core/blind/variables.ts'
import type { ChildOptions, CommandLine } from '../../core/ports/process.ts'
import { formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { createSupervisor } from '../exec/supervise.ts'
import type { Machine } from '../machine.ts'
import type { RefreshSettings } from '../renewal/command-refresh.ts'
import type { BlindGate } from './gate.ts'
import { followValues, type SessionPorts } from './session.ts'
import { blindVariables, type BlindConfig, type BlindValues } from './values.ts'

/** The settings of one `locket run --blind`. */
interface RunBlindConfig extends BlindConfig {
  readonly command: CommandLine
  /** The variables of this process that the command inherits. */
  readonly inherited: ChildOptions['env']
  /** By the kind of a provider: inherited variables that are left out when a value comes from it. */
  readonly withheld: ReadonlyMap<string, readonly string[]>
  readonly interactive: boolean
  readonly isGroupSignalled: boolean
  readonly timeoutMs: number
  readonly refreshing: RefreshSettings
}

/** The ports that `runBlind` needs. */
interface RunBlindDeps extends SessionPorts, Pick<Machine, 'programs' | 'listenSignals' | 'forbidTracing'> {
  readonly gate: BlindGate
  /** Opens the proxy and writes its certificates. They are removed when it is disposed. */
  readonly openProxy: () => Promise<AsyncDisposable & ProxyPlaces>
  /** Resolves with the version of the Node that runs the command; undefined: another program runs. */
  readonly nodeVersionOf: (command: CommandLine, env: ChildOptions['env']) => Promise<string | undefined>
}

/**
 * Runs the command with placeholders, and the proxy beside it. Resolves with the exit code of the command.
 * Rejects before anything is started when a value is missing.
 */
export async function runBlind(
  config: RunBlindConfig,
  deps: RunBlindDeps,
  signal: AbortSignal,
): Promise<number> {
  const { programs, emit, gate, source } = deps
  await forbidReading(deps)
  const values = await source.fetch(signal)
  reportBlindness(config, values, emit)
  const ended = new AbortController()
  const following = followValues(values, config.refreshing, deps, ended.signal)
  // A failure of the loop is reported when the command has ended.
  following.catch(() => undefined)
  try {
    await using proxy = await deps.openProxy()
    emit('blind.listening', { address: proxy.address, secrets: values.secrets.length })
    const env = {
      ...inheritedOf(config, values),
      ...proxyVariables(proxy, config.inherited['JAVA_TOOL_OPTIONS']),
      ...blindVariables(values),
    }
    await warnOfOldNode(config.command, env, deps)
    signal.throwIfAborted()
    const hasTerminal = config.interactive && programs.hasTerminal()
    const rules = { ...config, hasTerminal, redactor: undefined, isKeptRunning: false }
    using supervisor = createSupervisor(rules, deps)
    return await supervisor.run(env)
  } finally {
    ended.abort(new LocketError('aborted', 'the command has ended'))
    await following
    gate[Symbol.dispose]()
  }
}

/** The values stay in the memory of this process, which the command's user could read otherwise. */
export async function forbidReading({
  forbidTracing: forbid,
  emit,
}: Pick<Machine, 'forbidTracing' | 'emit'>): Promise<void> {
  await forbid().catch((thrown: unknown) => {
    emit('exec.traceable', { error: formatError(toLocketError(thrown)) })
  })
}

/** Warns of variables that are used for nothing, and of those that are not hidden. */
export function reportBlindness(
  { blind }: Pick<BlindConfig, 'blind'>,
  { secrets, visible }: BlindValues,
  emit: RunBlindDeps['emit'],
): void {
  const unbound = secrets.filter(({ binding }) => binding === undefined).map(({ name }) => name)
  if (unbound.length > 0) emit('blind.unbound', { variables: unbound })
  const shown = [...visible.keys()].filter((name) => blind.get(name) === 'visible')
  if (shown.length > 0) emit('blind.visible', { variables: shown })
}

/** With the credentials of a provider, the command could ask it for the values itself. */
function inheritedOf({ inherited, withheld }: RunBlindConfig, { refs }: BlindValues): ChildOptions['env'] {
  const hidden = new Set(refs.flatMap(({ provider }) => withheld.get(provider) ?? []))
  return Object.fromEntries(Object.entries(inherited).filter(([name]) => !hidden.has(name)))
}

async function warnOfOldNode(
  command: CommandLine,
  env: ChildOptions['env'],
  { nodeVersionOf, emit }: RunBlindDeps,
): Promise<void> {
  const version = await nodeVersionOf(command, env)
  if (version !== undefined && nodeUsesProxy(version) === false) emit('blind.old-node', { version })
}
