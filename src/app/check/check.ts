import type { CheckConfig } from '../../config/check-config.ts'
import { addFacts, LocketError, partsOf, toLocketError } from '../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { hasDefault, type SecretSegment } from '../../core/template/render.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import { checkFile, type FileReport, type CheckedPlace } from './files.ts'
import { askProvider, type ProviderAnswer, type CheckDeps } from './providers.ts'
import { openDeadline } from '../render/deadline.ts'
import { allRefOf } from '../recipe/fields.ts'
import { prepareVolume } from '../recipe/volume-files.ts'

/** A request to check files and providers. */
interface CheckRequest {
  readonly config: CheckConfig
  readonly paths: readonly string[]
  readonly offline: boolean
  /** Milliseconds that all providers have together. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The result of a check. It holds no value. */
export interface CheckReport {
  readonly config: readonly LocketError[]
  /** Warnings about the configuration, one line each. */
  readonly warnings: readonly string[]
  readonly files: readonly FileReport[]
  /** The providers that were asked. */
  readonly providers: readonly ProviderReport[]
  readonly references: readonly ReferenceReport[]
}

/** The answer of one provider to a probe. */
interface ProviderReport {
  /** Name of the instance, with its file and volume when it is not the daemon's own. */
  readonly name: string
  /** Undefined: the probe succeeded. */
  readonly error?: LocketError
  readonly ms: number
}

/** The result for one reference. */
export interface ReferenceReport {
  readonly text: string
  readonly provider: string
  readonly where: readonly string[]
  /** Undefined: the reference was not asked for. */
  readonly result?: {
    /** Undefined: there is a value. */
    readonly error?: LocketError
    /** There is no such secret, and every tag has a default. */
    readonly usesDefault: boolean
    /** The number of fields of a `*` reference. */
    readonly fields?: number
    /** Milliseconds of the provider's whole batch. */
    readonly ms: number
  }
}

/**
 * Checks settings and files and, unless `offline`, providers and references. Problems are in the report: it
 * rejects only on a bug.
 */
export async function check(request: CheckRequest, deps: CheckDeps): Promise<CheckReport> {
  const { config, paths } = request
  const own = await defaultSecrets(config, deps.sources)
  const checked = await Promise.all(paths.map((path) => checkFile(path, config, deps.sources)))
  const places = [own.place, ...checked.flatMap((file) => file.places)]
  const asks = asksOf(places, config)
  const answers = request.offline ? undefined : await askAll(asks, request, deps)
  const unplaced = (place: CheckedPlace) => fieldErrors(place, asks, answers)
  return {
    config: [
      ...config.problems.map((line) => new LocketError('config', line)),
      ...own.errors,
      ...unplaced(own.place),
    ],
    warnings: own.warnings,
    files: checked.map(({ report, places: placed }) => ({
      ...report,
      problems: [...report.problems, ...placed.flatMap(unplaced)],
    })),
    providers: asks.flatMap((ask) => {
      const probe = answers?.get(ask)?.probe
      return probe === undefined ? [] : [{ name: ask.name, ...probe }]
    }),
    references: asks.flatMap((ask) => referencesOf(ask, answers?.get(ask))),
  }
}

/** Returns all errors of a report in the order in which a reader meets them. */
export function errorsOf(report: CheckReport): readonly LocketError[] {
  return [
    ...report.config,
    ...report.files.flatMap((file) => file.problems),
    ...report.providers.flatMap(({ error }) => error ?? []),
    ...report.references.flatMap((reference) => referenceFailure(reference) ?? []),
  ]
}

/** Returns the failure of a reference; undefined when it is good or was not asked for. */
export function referenceFailure({ result }: ReferenceReport): LocketError | undefined {
  return result === undefined || result.usesDefault ? undefined : result.error
}

/** Reads the secrets that every volume gets, with the providers of the configuration. */
async function defaultSecrets(config: CheckConfig, sources: SourceFiles) {
  const volume = config.daemon.volumeConfig({})
  const { providers } = volume
  const place = (templates: CheckedPlace['templates'], spread?: CheckedPlace['spread']): CheckedPlace => ({
    label: '',
    providers,
    templates,
    spread,
  })
  try {
    const { templates: files, warnings, spread } = await prepareVolume(volume, sources)
    const templates = files.map(({ origin, template }) => ({ where: `configuration: ${origin}`, template }))
    return { place: place(templates, spread), errors: [], warnings }
  } catch (thrown) {
    return { place: place([]), errors: [toLocketError(thrown)], warnings: [] }
  }
}

/** One client, which is asked for all places whose settings for it are equal. */
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

/** Returns the errors of fields that cannot be a file or variable. Fields that are not known are left out. */
function fieldErrors(
  { providers, spread, facts = {} }: CheckedPlace,
  asks: readonly Ask[],
  answers: ReadonlyMap<Ask, ProviderAnswer> | undefined,
): readonly LocketError[] {
  try {
    spread?.((template) => {
      const ref = allRefOf(template)
      const key = providers.find(({ name }) => name === ref?.provider)?.key
      const ask = asks.find(({ instance }) => instance.key === key)
      return ask && ref && answers?.get(ask)?.fields.get(ref.id)
    })
    return []
  } catch (thrown) {
    return partsOf(addFacts(toLocketError(thrown), facts))
  }
}

function referencesOf({ name, wanted }: Ask, answer: ProviderAnswer | undefined): ReferenceReport[] {
  return [...wanted.values()].map(({ ref, where, isOptional }) => {
    const plain = { text: ref.text, provider: name, where: [...where] }
    if (answer === undefined) return plain
    const error = answer.failures.get(ref.id)
    const fields = answer.fields.get(ref.id)?.length
    const usesDefault = isOptional && error?.code === 'not_found'
    return {
      ...plain,
      result: {
        ...(error === undefined ? {} : { error }),
        ...(fields === undefined ? {} : { fields }),
        usesDefault,
        ms: answer.batchMs,
      },
    }
  })
}
