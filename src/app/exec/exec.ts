import { formatError, LocketError, isRetryable, toLocketError } from '../../core/vocabulary/errors.ts'
import { createFingerprints } from '../../core/vocabulary/fingerprint.ts'
import { checkPlaces, sourcePaths } from '../../core/plan/output-plan.ts'
import type { PlaceOptions, WatchTrees } from '../../core/ports/files.ts'
import type { CommandLine, ListenSignals, Programs } from '../../core/ports/process.ts'
import type { FailurePolicy } from '../../core/template/render.ts'
import { environmentFiles } from '../recipe/environment.ts'
import { openExecFiles } from './files.ts'
import { gatherValues, handOver, type Receivers, type ValuesConfig, type ValuesDeps } from './values.ts'
import { createMasking } from './masking.ts'
import { createSupervisor, type Supervisor } from './supervise.ts'

export interface ExecConfig extends ValuesConfig {
  readonly command: CommandLine
  readonly policy: FailurePolicy
  readonly placing: Omit<PlaceOptions, 'existing'>
  readonly overwrite: boolean
  readonly watch: boolean
  readonly interactive: boolean
  /** Signals go to the whole process group of the command. */
  readonly isGroupSignalled: boolean
  readonly timeoutMs: number
  readonly debounceMs: number
  readonly mask: boolean
}

export interface ExecDeps extends ValuesDeps {
  /** No reference is asked for any more. */
  readonly closeProviders: () => Promise<void>
  readonly watch: WatchTrees
  readonly programs: Programs
  readonly listenSignals: ListenSignals
  /** Keeps other processes of this user out of this one. */
  readonly forbidTracing: () => Promise<void>
  /** Standard output is a terminal. */
  readonly showsOnTerminal: boolean
}

/** Until a change that could not be followed is tried again, where waiting may help. */
const AGAIN_MS = 15_000
/** What ends sooner has no use for it, and would be slower for it. */
const FORBID_TRACING_MS = 1000

/**
 * Runs the command with its variables and files; answers with its exit code. Nothing is started or written when a reference fails. Files that
 * were made for it are removed when it has ended.
 */
export async function exec(config: ExecConfig, deps: ExecDeps, signal: AbortSignal): Promise<number> {
  checkPlaces(config.outputs)
  const hasTerminal = config.interactive && deps.programs.hasTerminal()
  if (config.mask && hasTerminal && deps.showsOnTerminal) throw maskedTerminal()
  using masking = config.mask ? createMasking(deps.emit) : undefined
  const files = openExecFiles(config, deps)
  const fingerprints = config.watch ? createFingerprints() : undefined
  const receivers: Receivers = { files, masking, fingerprints }
  const changes = createChanges()
  // Before the first look at a file, so that no change falls between.
  await using _ = await watchIfAsked(config, deps, changes.noticed)
  const options = { policy: config.policy, isMasked: config.mask, signal }
  const gathered = await gatherValues(config, deps, options)
  if (!config.watch) await deps.closeProviders()
  const { watch: isKeptRunning } = config
  const redactor = masking === undefined ? undefined : () => masking.redactor()
  using supervisor = createSupervisor({ ...config, hasTerminal, redactor, isKeptRunning }, deps)
  const running = new AbortController()
  const renewal = { config, deps, receivers, supervisor, running: running.signal }
  try {
    const first = await handOver(gathered, config, receivers)
    signal.throwIfAborted()
    changes.follow(renewer(renewal, first.fingerprint, changes.noticed))
    void forbidTracingLater(deps, running.signal)
    return await supervisor.run(first.env)
  } finally {
    running.abort(new LocketError('aborted', 'the command has ended'))
    await changes.done()
    await files.remove()
  }
}

interface Renewal {
  readonly config: ExecConfig
  readonly deps: ExecDeps
  readonly receivers: Receivers
  readonly supervisor: Supervisor
  /** Aborted when the command has ended. */
  readonly running: AbortSignal
}

/**
 * After a change: all values anew, the files rewritten, and the command replaced if a variable is another one. Whatever the failure policy,
 * what fails keeps the command and its files as they are.
 */
function renewer(
  { config, deps, receivers, supervisor, running }: Renewal,
  first: string,
  noticed: () => void,
): () => Promise<void> {
  const { emit } = deps
  let fingerprint = first
  return async () => {
    if (running.aborted) return
    try {
      const options = { policy: 'error', isMasked: config.mask, signal: running } as const
      const gathered = await gatherValues(config, deps, options)
      const next = await handOver(gathered, config, receivers)
      if (next.changedFiles > 0) emit('exec.files', { changed: next.changedFiles })
      if (next.fingerprint === fingerprint || running.aborted) return
      supervisor.replace(next.env)
      fingerprint = next.fingerprint
      emit('exec.replaced')
    } catch (thrown) {
      if (running.aborted) return
      const error = toLocketError(thrown)
      emit('exec.kept', {
        code: error.code,
        error: formatError(error),
      })
      if (isRetryable(error)) deps.clock.sleep(AGAIN_MS, running).then(noticed, () => undefined)
    }
  }
}

interface Changes {
  readonly noticed: () => void
  /** One call of `work` at a time; what changed before this is followed too. */
  follow(work: () => Promise<void>): void
  /** Resolves when no work is under way. */
  done(): Promise<void>
}

function createChanges(): Changes {
  let work: (() => Promise<void>) | undefined
  let isWaiting = false
  let queue = Promise.resolve()
  function begin(): void {
    queue = once(queue)
  }
  async function once(before: Promise<void>): Promise<void> {
    await before
    isWaiting = false
    await work?.()
  }
  return {
    noticed() {
      if (isWaiting) return
      isWaiting = true
      if (work !== undefined) begin()
    },
    follow(next) {
      work = next
      if (isWaiting) begin()
    },
    done: () => queue,
  }
}

async function watchIfAsked(
  { watch: isAsked, entries, outputs, debounceMs }: ExecConfig,
  { watch }: ExecDeps,
  noticed: () => void,
): Promise<AsyncDisposable> {
  if (!isAsked) return { [Symbol.asyncDispose]: async () => undefined }
  return watch([...sourcePaths(outputs), ...environmentFiles(entries)], noticed, { debounceMs })
}

async function forbidTracingLater(
  { clock, forbidTracing, emit }: ExecDeps,
  running: AbortSignal,
): Promise<void> {
  try {
    await clock.sleep(FORBID_TRACING_MS, running)
    await forbidTracing()
  } catch (thrown) {
    if (!running.aborted)
      emit('exec.traceable', {
        error: formatError(toLocketError(thrown)),
      })
  }
}

function maskedTerminal(): LocketError {
  return new LocketError('usage', '--mask cannot be had while the command has the terminal', {
    hint: 'let its output go into a pipe or a file, or say --no-interactive',
  })
}
