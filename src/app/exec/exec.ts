import { formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { checkPlaces, hasOutputs, sourcePaths } from '../../core/plan/output-plan.ts'
import type { PlaceOptions } from '../../core/ports/files.ts'
import type { ChildOptions, CommandLine, StartState } from '../../core/ports/process.ts'
import type { PassedSignal } from '../../core/ports/signals.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { FailurePolicy } from '../../core/template/render.ts'
import type { Machine } from '../machine.ts'
import { environmentFiles } from '../recipe/environment.ts'
import { filesOf } from '../recipe/outputs.ts'
import type { CommandLeases } from '../leases/command-leases.ts'
import { createNewLines } from '../renewal/new-lines.ts'
import type { VersionsOf } from '../renewal/placed-versions.ts'
import {
  createCommandRefresh,
  type CommandRefresh,
  type FollowChanges,
  type RefreshSettings,
} from '../renewal/command-refresh.ts'
import { openRenewal, type Renewal } from '../renewal/renewal.ts'
import { createTouched, outputsOf, type Touched } from '../renewal/touched.ts'
import { createUrgency, type RunOptions, type Urgency } from '../renewal/urgency.ts'
import { openChildSink, type ForChild, type Handed } from '../sinks/child.ts'
import { openPlaces, type Places } from '../sinks/places.ts'
import { countOf, isUnchanged } from '../sinks/sink.ts'
import { gatherValues, handOver, type ValuesConfig, type ValuesDeps } from './values.ts'
import { createMasking } from './masking.ts'
import { preparingMeanwhile } from './prepare.ts'
import { createSupervisor } from './supervise.ts'

/** The settings of one `locket exec`. */
export interface ExecConfig extends ValuesConfig {
  readonly command: CommandLine
  /** The variables of this process that the command inherits. */
  readonly inherited: ChildOptions['env']
  /** See `ChildRules`. */
  readonly withheld: ReadonlyMap<string, readonly string[]>
  readonly policy: FailurePolicy
  readonly placing: PlaceOptions
  readonly overwrite: boolean
  readonly watch: boolean
  /** With `watch`: the refresh of the values. */
  readonly refreshing: RefreshSettings
  /** With `watch`: what follows a change. Undefined: a restart when a variable has changed. */
  readonly onChange: 'restart' | 'none' | { readonly signal: PassedSignal } | undefined
  readonly interactive: boolean
  /** True: the command takes the place of this process when nothing is left to do for it. */
  readonly mayReplace: boolean
  /** True: signals go to the whole process group of the command, not to its first process alone. */
  readonly isGroupSignalled: boolean
  readonly timeoutMs: number
  readonly debounceMs: number
}

/** The ports that `exec` needs. */
interface ExecDeps
  extends
    ValuesDeps,
    Pick<Machine, 'placed' | 'watch' | 'programs' | 'listenSignals' | 'forbidTracing' | 'careForHeap'> {
  /** Hears of changes that servers tell. */
  readonly follow: FollowChanges
  /** Asks for the versions of values, where that is one small question. */
  readonly versionsOf: VersionsOf
  /** Forgets the values that the providers keep, before a refresh. */
  readonly forgetValues: () => void
  /** Called once no reference will be fetched any more. */
  readonly closeProviders: () => Promise<void>
  /** The leases of its values. The caller ends them. */
  readonly leases: CommandLeases
  /** True: standard output is a terminal. */
  readonly showsOnTerminal: boolean
  readonly startState: StartState
}

/**
 * Milliseconds until tracing of this process is forbidden. Loading libc earlier would slow down short
 * commands, which end before the protection is useful.
 */
const FORBID_TRACING_MS = 1000

/**
 * Runs the command with its variables and files, and resolves with its exit code. Rejects before anything is
 * started or written when a reference fails under the policy `error`. Rejects with `usage` when output is to
 * be masked and the command has the terminal. Files that were made for the command are removed when it has
 * ended. Where nothing is left to do, the command takes the place of this process, and this never resolves.
 */
export async function exec(config: ExecConfig, deps: ExecDeps, signal: AbortSignal): Promise<number> {
  checkPlaces(config.outputs)
  const hasTerminal = config.interactive && deps.programs.hasTerminal()
  if (config.mask && hasTerminal && deps.showsOnTerminal) throw maskedTerminal()
  using masking = config.mask ? createMasking(deps.emit) : undefined
  const { placing, overwrite, policy } = config
  const files = openPlaces({ placing, existing: overwrite ? 'replace' : 'refuse', owns: 'made' }, deps)
  const child = openChildSink({
    inherited: config.inherited,
    withheld: config.withheld,
    files,
    isRepeated: config.watch,
  })
  // The watch is opened before the files are first read, so that no change is missed.
  const touched = createTouched()
  const urgency = createUrgency()
  const refresh = createCommandRefresh(config.refreshing, deps, {
    forget: deps.forgetValues,
    failed: (error) => deps.emit('exec.kept', { code: error.code, error: formatError(error) }),
  })
  await using renewal = await openExecRenewal(config, deps, { touched, urgency, refresh })
  const newLines = createNewLines()
  using delivery = touched.begin()
  const resolve = isReplaced(config) ? preparingMeanwhile(config.refreshing, deps) : deps.resolve
  const first = { ...deps, resolve }
  const gathered = await gatherValues(config, first, { policy, signal, newLines, delivery })
  const hasLeases = deps.leases.isHolding()
  if (!config.watch && !hasLeases) await deps.closeProviders()
  if (isReplaced(config) && !hasLeases) {
    const { env } = await handOver(gathered, child, masking)
    return await deps.programs.replace(config.command, { env, startState: deps.startState, signal })
  }
  const { watch: isKeptRunning } = config
  const redactor = masking === undefined ? undefined : () => masking.redactor()
  using supervisor = createSupervisor({ ...config, hasTerminal, redactor, isKeptRunning }, deps)
  const ended = new AbortController()
  const running = ended.signal

  async function renew(run: RunOptions): Promise<undefined> {
    const turn = refresh.begin()
    using again = touched.begin(turn.isDue)
    // With every failure policy, a failure keeps the command and its files unchanged.
    const strict = { policy: 'error', newLines, delivery: again, ...run } as const
    const given = await gatherValues(config, deps, strict)
    const next = await handOver(given, child, masking)
    const changed = countOf(next.files)
    if (changed > 0) deps.emit('exec.files', { changed })
    if (running.aborted) return
    follow(next)
    again.succeeded(NONE)
    await turn.done(refsOf(given), given.rendered)
    deps.careForHeap()
  }

  /** Does what `on-change` says. */
  function follow(next: Handed): void {
    const { onChange } = config
    const hasVariables = !isUnchanged(next.variables)
    if (!hasVariables && (onChange === undefined || isUnchanged(next.files))) return
    if (onChange === undefined || onChange === 'restart') {
      supervisor.replace(next.env)
      deps.emit('exec.replaced')
    } else {
      const sent = onChange === 'none' ? undefined : onChange.signal
      supervisor.keep(next.env, sent)
      if (hasVariables) deps.emit('exec.variables.later')
      if (sent !== undefined) deps.emit('exec.signalled', { signal: sent })
    }
    next.accept()
  }

  let following: Promise<void> | undefined
  try {
    const first = await handOver(gathered, child, masking)
    signal.throwIfAborted()
    first.accept()
    delivery.succeeded(outputsOf(filesOf([...gathered.rendered.incomplete])))
    if (config.watch) await refresh.begin().done(refsOf(gathered), gathered.rendered)
    following = renewal.follow(() => urgency.run(running, renew), { signal: running })
    void forbidTracingLater(deps, running)
    deps.careForHeap()
    return await supervisor.run(first.env)
  } finally {
    ended.abort(new LocketError('aborted', 'the command has ended'))
    await following
    await removeFiles(files, deps)
  }
}

/** True: this process has nothing to do once the command runs, unless there are leases. */
function isReplaced(config: ExecConfig): boolean {
  const { mayReplace, watch, mask, interactive, isGroupSignalled, outputs } = config
  return mayReplace && interactive && !watch && !mask && !isGroupSignalled && !hasOutputs(outputs)
}

const NONE: ReadonlySet<string> = new Set()

interface ExecTriggers {
  readonly touched: Touched
  readonly urgency: Urgency
  readonly refresh: CommandRefresh
}

function openExecRenewal(
  config: ExecConfig,
  deps: ExecDeps,
  { touched, urgency, refresh }: ExecTriggers,
): Promise<Renewal> {
  const { watch, outputs, entries, debounceMs } = config
  const { clock, emit } = deps
  const paths = [...sourcePaths(outputs), ...environmentFiles(entries)]
  const watching = { debounceMs, isDeep: true }
  const byFiles = touched.triggerOf((onChange) => deps.watch(paths, urgency.before(onChange), watching))
  return openRenewal(
    {
      triggers: watch
        ? [byFiles, refresh.trigger, deps.leases.trigger(() => refresh.demand())]
        : [deps.leases.trigger(undefined)],
      failed: (facts) => emit('exec.kept', facts),
      recovered: () => emit('exec.recovered'),
    },
    clock,
  )
}

function refsOf({ rendered }: ForChild): readonly SecretRef[] {
  return rendered.templates.flatMap(({ template }) => template.refs)
}

async function removeFiles(files: Places, { emit }: ExecDeps): Promise<void> {
  try {
    await files.clear()
  } catch (thrown) {
    emit('exec.files.left', { error: formatError(toLocketError(thrown)) })
  }
}

async function forbidTracingLater(
  { clock, forbidTracing, emit }: ExecDeps,
  running: AbortSignal,
): Promise<void> {
  try {
    await clock.sleep(FORBID_TRACING_MS, running)
    await forbidTracing()
  } catch (thrown) {
    if (!running.aborted) emit('exec.traceable', { error: formatError(toLocketError(thrown)) })
  }
}

function maskedTerminal(): LocketError {
  return new LocketError('usage', '--mask does not work while the command has the terminal', {
    hint: 'send its output to a pipe or a file, or add --no-interactive',
  })
}
