import { liesUnder } from '../../core/plan/paths.ts'
import { formatError, isRetryable, toLocketError } from '../../core/vocabulary/errors.ts'
import { checkPlaces, sourcePaths, type Outputs } from '../../core/plan/output-plan.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Place, PlaceOptions, WatchTrees } from '../../core/ports/files.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { Resolve } from '../../core/vocabulary/resolve.ts'
import type { FailurePolicy } from '../../core/template/render.ts'
import { openDeadline } from '../render/deadline.ts'
import {
  placeOutputs,
  prepareOutputs,
  requireSources,
  type MaterializeDeps,
  type OutputTemplate,
  type PreparedOutputs,
  type PrepareRules,
} from '../recipe/materialize.ts'
import { renderTemplates, type Rendered } from '../render/render.ts'
import { openStatusFile, type StatusFile } from './status-file.ts'

export interface InjectConfig {
  readonly outputs: Outputs
  readonly rules: PrepareRules
  readonly policy: FailurePolicy
  readonly placing: PlaceOptions
  readonly mode: 'one-shot' | 'watch' | 'park'
  readonly statusFile: string | undefined
  readonly debounceMs: number
  readonly wipeOnExit: boolean
}

export interface InjectDeps extends MaterializeDeps {
  readonly resolve: Resolve
  readonly watch: WatchTrees
  readonly clock: Clock
  readonly emit: Emit
}

/** For one rendering, all providers together. */
const DEADLINE_MS = 30_000
/** A re-rendering that failed is tried again at its own account: sooner where waiting may help. */
const SOON_MS = 15_000
const LATER_MS = 60_000

/** What stands on disk because of this process. */
interface Standing {
  /** By their absolute paths. */
  readonly files: Map<string, Place>
  /** Of `files`, those that hold all their secrets. */
  readonly complete: Set<string>
  /** Folders that were made, the outer ones first. */
  readonly folders: string[]
}

/**
 * Writes every output; then ends, waits for `signal`, or follows the templates until then. Throws when the first writing fails: nothing of it
 * stays. Later ones that fail are logged, keep what is there, and take the status file away.
 */
export async function inject(config: InjectConfig, deps: InjectDeps, signal: AbortSignal): Promise<void> {
  checkPlaces(config.outputs)
  const status = openStatusFile(config.statusFile, deps)
  await status.notReady()
  const standing: Standing = { files: new Map(), complete: new Set(), folders: [] }
  const wake = createWake()
  // Before the first look at a template, so that no change falls between.
  await using _ = await watchIfAsked(config, deps, wake.set)
  try {
    const injection = { config, deps, signal, standing, status }
    const isReady = await write(injection, true).catch((thrown: unknown) => {
      // Told to stop, a provider says that it gave no answer.
      throw signal.aborted ? signal.reason : thrown
    })
    if (config.mode === 'one-shot') return
    if (config.mode === 'park') await untilStopped(signal, deps.clock)
    else await follow(injection, wake, isReady)
  } finally {
    if (config.wipeOnExit) await wipe(standing, status, deps)
  }
}

interface Injection {
  readonly config: InjectConfig
  readonly deps: InjectDeps
  readonly signal: AbortSignal
  readonly standing: Standing
  readonly status: StatusFile
}

/** Reads, fetches, renders, writes. True when every secret is in place. */
async function write(injection: Injection, isFirst: boolean): Promise<boolean> {
  const { config, deps, signal, standing, status } = injection
  const { rules, policy, outputs, placing } = config
  const start = deps.clock.now()
  const prepared = await prepareOutputs(outputs, rules, deps)
  if (isFirst) requireSources(prepared)
  using deadline = openDeadline(DEADLINE_MS, deps.clock, signal)
  const { maxFileBytes } = rules
  const rendered = await renderTemplates(
    prepared.templates,
    deps.resolve,
    { policy, maxFileBytes, awaitsCredentials: config.mode !== 'one-shot' },
    deps,
    deadline.signal,
  )
  try {
    const isReady = rendered.unresolved === undefined && prepared.missing.length === 0
    if (!isReady) await status.notReady()
    const worthIt = prepared.templates.filter(
      (template) => !rendered.incomplete.has(template) || !standing.complete.has(template.target),
    )
    const gone = findGone(prepared, standing)
    await removeGone(await findInTheWay(gone, worthIt, deps), standing, deps)
    const placed = await placeOutputs(worthIt, rendered.contents, placing, deps)
    remember(worthIt, rendered, standing)
    standing.folders.push(...placed.folders)
    await removeGone(gone, standing, deps)
    tell(prepared, rendered, { ...injection, changed: placed.changed, ms: deps.clock.now() - start })
    if (isReady) await status.ready([...standing.files.keys()])
    return isReady
  } finally {
    rendered.wipe()
  }
}

/** What was written before and has no template any more. */
function findGone({ templates }: PreparedOutputs, { files }: Standing): string[] {
  const wanted = new Set(templates.map(({ target }) => target))
  return [...files.keys()].filter((target) => !wanted.has(target))
}

/**
 * A file where a folder is needed, or below a place where a file is; and another name of a file that is about to be written, which would be
 * removed afterwards. The others stay until what comes instead of them is in place: that may fail.
 */
async function findInTheWay(
  gone: readonly string[],
  templates: readonly OutputTemplate[],
  { trees }: InjectDeps,
): Promise<string[]> {
  if (gone.length === 0) return []
  // Some file systems hold `A` and `a` for one name.
  const realPath = async (target: string) => (await trees.realPath(target)).toLowerCase()
  const wanted = await Promise.all(templates.map(({ target }) => realPath(target)))
  const inTheWay: string[] = []
  for (const target of gone) {
    const path = await realPath(target)
    if (wanted.some((other) => liesUnder(path, other) || liesUnder(other, path))) inTheWay.push(target)
  }
  return inTheWay
}

async function removeGone(
  gone: readonly string[],
  standing: Standing,
  { placed, emit }: InjectDeps,
): Promise<void> {
  const there = gone.filter((target) => standing.files.has(target))
  if (there.length === 0) return
  await placed.remove(
    there.flatMap((target) => standing.files.get(target) ?? []),
    standing.folders,
  )
  for (const target of there) {
    standing.files.delete(target)
    standing.complete.delete(target)
    emit('inject.removed', { file: target })
  }
}

function remember(
  templates: readonly OutputTemplate[],
  { contents, incomplete }: Rendered<OutputTemplate>,
  { files, complete }: Standing,
): void {
  for (const template of templates) {
    const { target, folder, path } = template
    if (!contents.has(template)) continue
    files.set(target, { folder, path })
    if (incomplete.has(template)) complete.delete(target)
    else complete.add(target)
  }
}

function tell(
  prepared: PreparedOutputs,
  { unresolved }: Rendered<OutputTemplate>,
  { config, deps, standing, changed, ms }: Injection & { readonly changed: number; readonly ms: number },
): void {
  const { emit } = deps
  for (const warning of prepared.warnings) emit('inject.warning', { warning })
  for (const source of prepared.missing) emit('inject.missing', { source })
  if (unresolved !== undefined) {
    const left =
      config.policy === 'ignore' ? 'their files were left out' : 'their tags were written as they stand'
    emit('inject.unresolved', {
      left,
      policy: config.policy,
      error: formatError(unresolved),
    })
  }
  emit('inject.written', { files: standing.files.size, changed, ms })
}

async function follow(injection: Injection, wake: Wake, wasReady: boolean): Promise<void> {
  const { deps, signal, status } = injection
  let again = wasReady ? undefined : LATER_MS
  for (;;) {
    await wake.next(again, deps.clock, signal)
    if (signal.aborted) return
    try {
      again = (await write(injection, false)) ? undefined : LATER_MS
    } catch (thrown) {
      if (signal.aborted) return
      const error = toLocketError(thrown)
      again = isRetryable(error) ? SOON_MS : LATER_MS
      deps.emit('inject.failed', {
        code: error.code,
        error: formatError(error),
      })
      await status.notReady()
    }
  }
}

async function wipe(
  { files, folders }: Standing,
  status: StatusFile,
  { placed, emit }: InjectDeps,
): Promise<void> {
  await status.notReady()
  await placed.remove([...files.values()], folders)
  emit('inject.wiped', { files: files.size })
}

async function watchIfAsked(
  { mode, outputs, debounceMs }: InjectConfig,
  { watch }: InjectDeps,
  onChange: () => void,
): Promise<AsyncDisposable> {
  if (mode !== 'watch') return { [Symbol.asyncDispose]: async () => undefined }
  return watch(sourcePaths(outputs), onChange, { debounceMs })
}

interface Wake {
  readonly set: () => void
  /** Resolves when it was set since the last time, when `ms` have passed, or when the signal aborts. */
  next(ms: number | undefined, clock: Clock, signal: AbortSignal): Promise<void>
}

function createWake(): Wake {
  let waking = Promise.withResolvers<void>()
  return {
    set: () => waking.resolve(),
    async next(ms, clock, signal) {
      const over = new AbortController()
      const ended = AbortSignal.any([signal, over.signal])
      const slept = ms === undefined ? aborted(ended) : clock.sleep(ms, ended).catch(() => undefined)
      await Promise.race([waking.promise, slept])
      over.abort()
      waking = Promise.withResolvers<void>()
    },
  }
}

/** A process that only listens for signals would end. */
async function untilStopped(signal: AbortSignal, clock: Clock): Promise<void> {
  await clock.sleep(Number.MAX_SAFE_INTEGER, signal).catch(() => undefined)
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
}
