import { formatError, LocketError } from '../../core/vocabulary/errors.ts'
import { checkPlaces, sourcePaths, type Outputs } from '../../core/plan/output-plan.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Changes, PlaceOptions } from '../../core/ports/files.ts'
import type { FailurePolicy } from '../../core/template/render.ts'
import type { Machine } from '../machine.ts'
import {
  filesOf,
  prepareOutputs,
  requireSources,
  type PreparedOutputs,
  type PrepareRules,
} from '../recipe/outputs.ts'
import { RENDER_TIMEOUT_MS, mayCredentialCome } from '../render/deadline.ts'
import { render, type Rendered } from '../render/render.ts'
import type { PreparedTemplate } from '../recipe/recipe.ts'
import { createNewLines } from '../renewal/new-lines.ts'
import type { CommandLeases } from '../leases/command-leases.ts'
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
import { openPlaces, type Places } from '../sinks/places.ts'
import { countOf, isUnchanged, type Sink } from '../sinks/sink.ts'
import { openStatusFile, type StatusFile } from './status-file.ts'

/** The settings of one `locket inject`. */
export interface InjectConfig {
  readonly outputs: Outputs
  readonly rules: PrepareRules
  readonly policy: FailurePolicy
  readonly placing: PlaceOptions
  readonly mode: 'one-shot' | 'watch' | 'park'
  /** With mode `watch`: the refresh of the values. */
  readonly refreshing: RefreshSettings
  readonly statusFile: string | undefined
  readonly debounceMs: number
  readonly wipeOnExit: boolean
  /** Takes what goes to standard output. */
  readonly stream: Sink<PreparedTemplate>
}

/** The ports that `inject` needs. */
interface InjectDeps extends Pick<
  Machine,
  'sources' | 'trees' | 'placed' | 'watch' | 'clock' | 'emit' | 'resolve' | 'host' | 'careForHeap'
> {
  /** Hears of changes that servers tell. */
  readonly follow: FollowChanges
  /** Asks for the versions of values, where that is one small question. */
  readonly versionsOf: VersionsOf
  /** Forgets the values that the providers keep, before a refresh. */
  readonly forgetValues: () => void
  /** The leases of its values. The caller ends them. */
  readonly leases: CommandLeases
}

/**
 * Writes every output. Then it returns (`one-shot`), waits until `signal` aborts (`park`), or renews changed
 * outputs until then (`watch`). Rejects when the first write fails, and then leaves none of its files, unless
 * it failed at standard output, which is written last. A later write that fails is logged, keeps the files,
 * and removes the status file. A refresh that fails keeps that too: the files hold secrets that work.
 */
export async function inject(config: InjectConfig, deps: InjectDeps, signal: AbortSignal): Promise<void> {
  checkPlaces(config.outputs)
  const status = openStatusFile(config.statusFile, deps)
  await status.notReady()
  const places = openPlaces({ placing: config.placing, existing: 'replace', owns: 'written' }, deps)
  const say = createReport(config, deps)
  // The watch is opened before the templates are first read, so that no change is missed.
  const touched = createTouched()
  const urgency = createUrgency()
  const refresh = createCommandRefresh(config.refreshing, deps, {
    forget: deps.forgetValues,
    failed: (error) => deps.emit('inject.failed', { code: error.code, error: formatError(error) }),
  })
  await using renewal = await openInjectRenewal(config, deps, { touched, urgency, refresh })
  try {
    const injection = { config, deps, signal, places, status, touched, say, urgency, refresh }
    const missing = await write(injection, requireSources).catch((thrown: unknown) => {
      // A provider that is stopped reports that it gave no answer: the reason of the stop is more useful.
      throw signal.aborted ? signal.reason : thrown
    })
    if (config.mode === 'one-shot') return
    if (config.mode === 'park') return await untilStopped(signal, deps.clock)
    if (missing !== undefined) urgency.changed()
    const again = () => urgency.run(signal, (run) => writeAgain({ ...injection, ...run }))
    await renewal.follow(again, { signal, missing })
  } finally {
    if (config.wipeOnExit) await wipe(places, status, deps)
  }
}

function openInjectRenewal(
  { mode, outputs, debounceMs }: InjectConfig,
  deps: InjectDeps,
  { touched, urgency, refresh }: Pick<Injection, 'touched' | 'urgency' | 'refresh'>,
): Promise<Renewal> {
  // A collection of garbage that is due would hold the edit up for as long as it takes: it is put off.
  const watching = { debounceMs, isDeep: true, onNotice: deps.careForHeap }
  const byFiles = touched.triggerOf((onChange) =>
    deps.watch(sourcePaths(outputs), urgency.before(onChange), watching),
  )
  return openRenewal(
    {
      triggers:
        mode === 'watch' ? [byFiles, refresh.trigger, deps.leases.trigger(() => refresh.demand())] : [],
      failed: (facts) => deps.emit('inject.failed', facts),
      recovered: () => deps.emit('inject.recovered'),
    },
    deps.clock,
  )
}

interface Injection {
  readonly config: InjectConfig
  readonly deps: InjectDeps
  readonly signal: AbortSignal
  readonly places: Places
  readonly status: StatusFile
  readonly touched: Touched
  readonly say: Report
  readonly urgency: Urgency
  readonly refresh: CommandRefresh
}

/**
 * Writes again. The status file goes when a change of the templates fails, and stays when a refresh fails.
 */
async function writeAgain(injection: Injection & RunOptions): Promise<LocketError | undefined> {
  try {
    const missing = await write(injection)
    // The failure policy applies to it until it is there.
    if (missing !== undefined) injection.urgency.changed()
    return missing
  } catch (thrown) {
    if (!injection.isRefresh) await injection.status.notReady()
    throw thrown
  }
}

/**
 * Reads, fetches, renders and writes what was touched since the last time: at first everything. Returns the
 * reason when a secret or a template is missing. `check` may throw to refuse the templates that were read.
 */
async function write(
  injection: Injection & Partial<RunOptions>,
  check: (prepared: PreparedOutputs) => void = () => undefined,
): Promise<LocketError | undefined> {
  const { config, deps, signal, places, status, touched, say, refresh, isRefresh = false } = injection
  const { rules, policy, outputs, mode, stream } = config
  const { resolve, clock, emit, careForHeap } = deps
  const start = clock.now()
  const turn = refresh.begin()
  using delivery = touched.begin(turn.isDue)
  const prepared = await prepareOutputs(outputs, rules, deps, delivery.choose)
  check(prepared)
  const rendered = await render(prepared, {
    policy: isRefresh ? 'error' : policy,
    maxFileBytes: rules.maxFileBytes,
    ...(mode === 'one-shot' ? {} : { awaitsCredential: (error) => mayCredentialCome(error, deps) }),
    resolve,
    clock,
    signal,
    ...(isRefresh ? {} : { timeoutMs: RENDER_TIMEOUT_MS }),
    emit,
  })
  try {
    const missing = rendered.unresolved ?? missingSource(prepared)
    if (missing !== undefined) await status.notReady()
    const changes = await places.put(filesOf(rendered.templates), rendered, prepared.untouched)
    const printed = await stream.put(prepared.streamed, rendered)
    if (!isRefresh || !isUnchanged(changes))
      say({ prepared, rendered, changes, printed, files: places.files().length, ms: clock.now() - start })
    if (missing === undefined) await status.ready(places.files())
    delivery.succeeded(outputsOf(filesOf([...rendered.incomplete])))
    const refs = rendered.templates.flatMap(({ template }) => template.refs)
    await turn.done(refs, rendered)
    return missing
  } finally {
    rendered.wipe()
    if (mode !== 'one-shot') careForHeap()
  }
}

function missingSource({ missing: [path] }: PreparedOutputs): LocketError | undefined {
  return path === undefined
    ? undefined
    : new LocketError('io', `the template ${path} is gone`, { facts: { path }, names: ['path'] })
}

interface Writing {
  readonly prepared: PreparedOutputs
  readonly rendered: Rendered<PreparedTemplate>
  readonly changes: Changes
  readonly printed: Changes
  readonly files: number
  readonly ms: number
}

type Report = (writing: Writing) => void

/**
 * Makes a function that logs the result of a write. It leaves out the lines that it logged for the write
 * before.
 */
function createReport({ policy }: InjectConfig, { emit }: InjectDeps): Report {
  const [warnings, gone, unresolved] = [createNewLines(), createNewLines(), createNewLines()]
  const left = policy === 'ignore' ? 'their files were left out' : 'their tags were written unchanged'
  return ({ prepared, rendered, changes, printed, files, ms }) => {
    for (const file of changes.gone) emit('inject.removed', { file })
    for (const warning of warnings(prepared.warnings)) emit('inject.warning', { warning })
    for (const source of gone(prepared.missing)) emit('inject.missing', { source })
    for (const error of unresolved(
      rendered.unresolved === undefined ? [] : [formatError(rendered.unresolved)],
    ))
      emit('inject.unresolved', { left, policy, error })
    if (countOf(printed) > 0) emit('inject.printed', { ms })
    if (prepared.streamed.length === 0 || prepared.files.length > 0)
      emit('inject.written', { files, changed: countOf(changes), ms })
  }
}

async function wipe(places: Places, status: StatusFile, { emit }: InjectDeps): Promise<void> {
  await status.notReady()
  await places.clear()
  emit('inject.wiped', { files: places.files().length })
}

/**
 * Waits for the abort. Its timer keeps the process alive: a process that only listens for signals would end.
 */
async function untilStopped(signal: AbortSignal, clock: Clock): Promise<void> {
  await clock.sleep(Number.MAX_SAFE_INTEGER, signal).catch(() => undefined)
}
