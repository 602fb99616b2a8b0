import type { CheckConfig } from '../../config/check-config.ts'
import { LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { hasDefault, type SecretSegment } from '../../core/template/render.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import { checkFile, type FileReport, type CheckedPlace } from './files.ts'
import { askProvider, type ProviderAnswer, type CheckDeps } from './providers.ts'
import { openDeadline } from '../render/deadline.ts'
import { prepare } from '../recipe/prepare.ts'

export interface CheckRequest {
  readonly config: CheckConfig
  readonly paths: readonly string[]
  readonly offline: boolean
  /** What the providers have, all in all. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** What was found. No value is in it. */
export interface CheckReport {
  readonly config: readonly LocketError[]
  /** What passes but looks like a mistake in the configuration, one line each. */
  readonly warnings: readonly string[]
  readonly files: readonly FileReport[]
  /** Those that were asked. */
  readonly providers: readonly ProviderReport[]
  readonly references: readonly ReferenceReport[]
}

export interface ProviderReport {
  /** The instance's name, and whose it is when it is not the daemon's own. */
  readonly name: string
  /** Undefined: its probe went well. */
  readonly error?: LocketError
  readonly ms: number
}

export interface ReferenceReport {
  readonly text: string
  readonly provider: string
  readonly where: readonly string[]
  /** Undefined: nobody was asked. */
  readonly result?: {
    /** Undefined: there is a value. */
    readonly error?: LocketError
    /** There is no such secret, and every tag has a default for that. */
    readonly usesDefault: boolean
    /** Of the provider's whole batch. */
    readonly ms: number
  }
}

/** Settings, files and, unless `offline`, providers and references. Never rejects for what it finds. */
export async function check(request: CheckRequest, deps: CheckDeps): Promise<CheckReport> {
  const { config, paths } = request
  const own = await defaultSecrets(config, deps.sources)
  const checked = await Promise.all(paths.map((path) => checkFile(path, config, deps.sources)))
  const places = [own.place, ...checked.flatMap((file) => file.places)]
  const asks = asksOf(places, config)
  const answers = request.offline ? undefined : await askAll(asks, request, deps)
  return {
    config: [...config.problems.map((line) => new LocketError('config', line)), ...own.errors],
    warnings: own.warnings,
    files: checked.map((file) => file.report),
    providers: asks.flatMap((ask) => {
      const probe = answers?.get(ask)?.probe
      return probe === undefined ? [] : [{ name: ask.name, ...probe }]
    }),
    references: asks.flatMap((ask) => referencesOf(ask, answers?.get(ask))),
  }
}

/** The codes of what is wrong, first what is read first. */
export function errorsOf(report: CheckReport): readonly LocketError[] {
  return [
    ...report.config,
    ...report.files.flatMap((file) => file.problems),
    ...report.providers.flatMap(({ error }) => error ?? []),
    ...report.references.flatMap((reference) => referenceFailure(reference) ?? []),
  ]
}

/** Undefined: the reference is good, or was not asked for. */
export function referenceFailure({ result }: ReferenceReport): LocketError | undefined {
  return result === undefined || result.usesDefault ? undefined : result.error
}

/** What every volume gets, and the providers of the configuration. */
async function defaultSecrets(config: CheckConfig, sources: SourceFiles) {
  const volume = config.daemon.volumeConfig({})
  const { providers } = volume
  const place = (templates: CheckedPlace['templates']): CheckedPlace => ({ label: '', providers, templates })
  try {
    const { templates: files, warnings } = await prepare(volume, sources)
    const templates = files.map(({ origin, template }) => ({ where: `configuration: ${origin}`, template }))
    return { place: place(templates), errors: [], warnings }
  } catch (thrown) {
    return { place: place([]), errors: [toLocketError(thrown)], warnings: [] }
  }
}

/** One client that is asked, for everybody whose settings for it are equal. */
interface Ask {
  readonly name: string
  readonly instance: ProviderInstance
  readonly wanted: Map<string, Wanted>
}

interface Wanted {
  readonly ref: SecretRef
  readonly where: ReadonlySet<string>
  readonly isOptional: boolean
}

function asksOf(places: readonly CheckedPlace[], config: CheckConfig): Ask[] {
  const asks = new Map<string, Ask>()
  for (const { label, providers } of places) {
    for (const instance of providers) {
      if (asks.has(instance.key)) continue
      const name = label === '' ? instance.name : `${instance.name} (${label})`
      asks.set(instance.key, { name, instance, wanted: new Map() })
    }
  }
  for (const place of places) for (const segment of secretsOf(place)) want(segment, place, asks)
  return [...asks.values()].filter((ask) => ask.wanted.size > 0 || config.isConfigured(ask.instance))
}

function secretsOf({ templates }: CheckedPlace): (SecretSegment & { readonly where: string })[] {
  return templates.flatMap(({ where, template }) =>
    template.segments.flatMap((segment) => (segment.kind === 'secret' ? [{ ...segment, where }] : [])),
  )
}

function want(
  { where, ...segment }: SecretSegment & { readonly where: string },
  { providers }: CheckedPlace,
  asks: ReadonlyMap<string, Ask>,
): void {
  const { ref } = segment
  const instance = providers.find((candidate) => candidate.name === ref.provider)
  const wanted = asks.get(instance?.key ?? '')?.wanted
  if (wanted === undefined) throw new LocketError('internal', `no provider of the name ${ref.provider}`)
  const known = wanted.get(ref.id)
  const isOptional = hasDefault(segment) && known?.isOptional !== false
  wanted.set(ref.id, { ref, isOptional, where: new Set([...(known?.where ?? []), where]) })
}

async function askAll(
  asks: readonly Ask[],
  { timeoutMs, signal }: CheckRequest,
  deps: CheckDeps,
): Promise<ReadonlyMap<Ask, ProviderAnswer>> {
  using deadline = openDeadline(timeoutMs, deps.clock, signal)
  const answers = asks.map(async (ask): Promise<[Ask, ProviderAnswer]> => {
    const refs = [...ask.wanted.values()].map(({ ref }) => ref)
    return [ask, await askProvider(ask.instance, refs, deps, deadline.signal)]
  })
  return new Map(await Promise.all(answers))
}

function referencesOf({ name, wanted }: Ask, answer: ProviderAnswer | undefined): ReferenceReport[] {
  return [...wanted.values()].map(({ ref, where, isOptional }) => {
    const plain = { text: ref.text, provider: name, where: [...where] }
    if (answer === undefined) return plain
    const error = answer.failures.get(ref.id)
    const usesDefault = isOptional && error?.code === 'not_found'
    return {
      ...plain,
      result: { ...(error === undefined ? {} : { error }), usesDefault, ms: answer.batchMs },
    }
  })
}
