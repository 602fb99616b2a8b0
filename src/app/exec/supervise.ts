import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { Child, ChildOptions, CommandLine, ListenSignals, Programs } from '../../core/ports/process.ts'
import { isRealtime, signalNumber, type PassedSignal } from '../../core/ports/signals.ts'

/** The rules by which a command is supervised. */
interface SuperviseRules {
  readonly command: CommandLine
  readonly hasTerminal: boolean
  readonly isGroupSignalled: boolean
  readonly redactor: ChildOptions['redactor']
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly timeoutMs: number
  /** True: the command is started again when it fails, and when its environment changes. */
  readonly isKeptRunning: boolean
}

/** The ports that a supervisor needs. */
interface SuperviseDeps {
  readonly programs: Programs
  readonly listenSignals: ListenSignals
  readonly clock: Clock
  readonly emit: Emit
}

/** Runs one command, in one process after another. Disposing ends the forwarding of signals. */
interface Supervisor extends Disposable {
  /** Resolves with the exit code of the last process. Rejects when the first one cannot be started. */
  run(env: ChildOptions['env']): Promise<number>
  /**
   * Stops the process and starts the command again with this environment. Throws, and stops nothing, when the
   * command could not be started with it.
   */
  replace(env: ChildOptions['env']): void
  /**
   * Keeps the process, and takes this environment for its next start. Throws as `replace` does. `signal`: is
   * sent to the process, if one runs.
   */
  keep(env: ChildOptions['env'], signal?: PassedSignal): void
}

const SHORTEST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 30_000
/**
 * A process that has run this long, in milliseconds, did not fail at its start: the pause becomes short
 * again.
 */
const CALM_MS = 60_000
/** Milliseconds between two checks whether the process group still has a process. */
const LOOK_MS = 20

/** Signals that end the supervision, even if the command goes on. */
const ENDING: readonly PassedSignal[] = ['SIGTERM', 'SIGINT', 'SIGQUIT']
/**
 * Signals that, like realtime signals, end the supervision only while no command runs that could handle them.
 */
const ENDING_ALONE: readonly PassedSignal[] = ['SIGHUP', 'SIGABRT', 'SIGPWR', 'SIGXCPU']
const NOT_STARTED_CODE = 126

/**
 * Makes a supervisor. Signals that reach this process are passed to the command until the supervisor is
 * disposed.
 */
export function createSupervisor(rules: SuperviseRules, deps: SuperviseDeps): Supervisor {
  const { command, timeoutMs, isKeptRunning } = rules
  const { programs, clock, emit } = deps
  const asked = new AbortController()
  /**
   * Exit codes of a command that a passed signal has ended. Such an end was intended, so the command is not
   * started again.
   */
  const meant = new Set<number>()
  let child: Child | undefined
  let wanted: ChildOptions['env'] = {}
  /** The last environment that the command was started with successfully. */
  let good = wanted
  let replaced = Promise.withResolvers<void>()

  /** Undefined: no command is being started. Otherwise the signals that came meanwhile. */
  let early: Set<PassedSignal> | undefined

  const signals = deps.listenSignals((name) => {
    // The command may run already, and its start is reported a moment later.
    early?.add(name)
    child?.signal(name)
    meant.add(128 + signalNumber(name))
    if (ENDING.includes(name) || (child === undefined && early === undefined && isEndingAlone(name)))
      asked.abort()
    if (name === 'SIGTERM' && child !== undefined) void seeOff(child)
  })

  async function run(first: ChildOptions['env']): Promise<number> {
    wanted = first
    good = first
    let life = await liveOnce(await start(first))
    let pauseMs = SHORTEST_PAUSE_MS
    while (!isLast(life)) {
      if (!life.isReplaced) {
        if (life.ms >= CALM_MS) pauseMs = SHORTEST_PAUSE_MS
        emit('exec.failed', { code: life.code, pauseMs })
        await pause(pauseMs)
        if (asked.signal.aborted) return life.code
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
      } else pauseMs = SHORTEST_PAUSE_MS
      life = await liveAgain()
    }
    return life.code
  }

  async function start(env: ChildOptions['env']): Promise<Child> {
    replaced = Promise.withResolvers()
    const { hasTerminal, isGroupSignalled, redactor } = rules
    early = new Set()
    try {
      const started = await programs.run(command, { env, hasTerminal, isGroupSignalled, redactor })
      // `terminate` passes on the request to end.
      for (const name of early) if (!ENDING.includes(name)) started.signal(name)
      return started
    } finally {
      early = undefined
    }
  }

  async function liveOnce(started: Child): Promise<Life> {
    const since = clock.now()
    child = started
    // The request to end may have come while the process was being started.
    if (asked.signal.aborted) terminate(started)
    try {
      const code = await Promise.race([started.ended, replaced.promise])
      const isReplaced = code === undefined
      if (isReplaced) terminate(started)
      const endCode = await started.ended
      await leaving.get(started)
      return { code: endCode, isReplaced, ms: clock.now() - since }
    } finally {
      child = undefined
    }
  }

  /**
   * Starts the command again. This may fail although `check` succeeded before. The last environment that
   * worked is then used for the next try, after a pause as after any failure.
   */
  async function liveAgain(): Promise<Life> {
    const env = wanted
    try {
      const started = await start(env)
      good = env
      return await liveOnce(started)
    } catch (thrown) {
      const error = formatError(toLocketError(thrown))
      emit('exec.not-started', { error })
      wanted = good
      return { code: NOT_STARTED_CODE, isReplaced: false, ms: 0 }
    }
  }

  function isLast({ code, isReplaced }: Life): boolean {
    if (!isKeptRunning || asked.signal.aborted) return true
    return !isReplaced && (code === 0 || meant.has(code))
  }

  async function pause(ms: number): Promise<void> {
    const over = new AbortController()
    const ended = AbortSignal.any([over.signal, asked.signal])
    await Promise.race([clock.sleep(ms, ended).catch(() => undefined), replaced.promise])
    over.abort()
  }

  function terminate(one: Child): void {
    one.signal('SIGTERM')
    void seeOff(one)
  }

  const leaving = new WeakMap<Child, Promise<void>>()
  /** Resolves when the process and its group are gone: at the latest when the time after SIGTERM is over. */
  function seeOff(one: Child): Promise<void> {
    const before = leaving.get(one)
    if (before !== undefined) return before
    const now = killLate(one)
    leaving.set(one, now)
    return now
  }

  async function killLate(one: Child): Promise<void> {
    const over = new AbortController()
    const late = clock.sleep(timeoutMs, over.signal).then(
      () => true,
      () => false,
    )
    const isLate = await Promise.race([late, goneBefore(one, over.signal)])
    over.abort()
    if (!isLate) return
    emit('exec.killed', { timeoutMs })
    one.kill()
  }

  async function goneBefore(one: Child, over: AbortSignal): Promise<false> {
    await one.ended
    if (!one.isGone()) one.terminateRest()
    while (!over.aborted && !one.isGone()) await clock.sleep(LOOK_MS, over).catch(() => undefined)
    return false
  }

  return {
    run,
    replace(env) {
      programs.check(command, env)
      wanted = env
      replaced.resolve()
    },
    keep(env, signal) {
      programs.check(command, env)
      wanted = env
      if (signal !== undefined) child?.signal(signal)
    },
    [Symbol.dispose]: () => signals[Symbol.dispose](),
  }
}

function isEndingAlone(name: PassedSignal): boolean {
  return ENDING_ALONE.includes(name) || isRealtime(name)
}

interface Life {
  readonly code: number
  readonly isReplaced: boolean
  readonly ms: number
}
