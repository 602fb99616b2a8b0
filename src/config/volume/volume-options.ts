import { isLocketError } from '../../core/vocabulary/errors.ts'
import { isReservedName } from '../../core/plan/paths.ts'
import type { RequestedFile } from '../../core/plan/plan.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import { touchesSecret } from '../../core/reload/on-change.ts'
import { PROVIDERS } from '../../providers/index.ts'
import { createInstance, isNamed } from '../../providers/instance.ts'
import { chooseKind, routeReferences } from '../../providers/route.ts'
import { fieldsOf } from '../../settings/field.ts'
import { mergeLayers, parseSection, throwProblems, type Layer, type Problems } from '../layers/layers.ts'
import { withAccess } from '../entries/file-access.ts'
import { volumeFilesSection } from '../sections/files.ts'
import { providerSection } from '../sections/rendering.ts'
import { tmpfsSection, VOLUME_SECTIONS, volumeSection } from '../sections/volume.ts'
import { checkCeilings, type Ceilings, type Sizes } from './ceilings.ts'
import { flagNames } from '../layers/flags.ts'
import { limitSettings, limitTemplate, type DriverLimits } from './driver-limits.ts'
import { parseDriverOptions, type DriverOptions } from './driver-opts.ts'
import { keepRecent } from './keep-recent.ts'
import { soundOptions } from './sound-options.ts'
import type { VolumeConfig } from './volume-config.ts'

/** The settings that a volume inherits from its daemon, parsed and valid. */
interface VolumeDefaults {
  readonly layer: Layer
  readonly providers: readonly ProviderInstance[]
  readonly files: readonly RequestedFile[]
  readonly limits: DriverLimits
  readonly ceilings: Ceilings
}

const FIELDS = fieldsOf(VOLUME_SECTIONS)

/** Reads driver options. Adds to `problems` what is wrong; the settings that are wrong are then undefined. */
type ReadVolume = (options: DriverOptions, problems: Problems) => VolumeConfig

/** Returns the function `DaemonConfig.volumeConfig` of a daemon with these defaults. */
export function volumeConfigWith(defaults: VolumeDefaults): (options: DriverOptions) => VolumeConfig {
  const read = volumeReader(defaults)
  return keepRecent(RECENT, (options) => {
    const problems: Problems = []
    const config = read(options, problems)
    throwProblems(problems)
    return config
  })
}

/** The volumes whose configuration is kept: calls of one volume follow each other, and memory is short. */
const RECENT = 16

/** The configuration of a volume without its wrong options. */
export interface CheckedVolume {
  readonly config: VolumeConfig
  /** All that is wrong with the options, one line each. */
  readonly problems: readonly string[]
  /** The providers of `config` that lack a wrong option: their answers could be those of another server. */
  readonly unsure: readonly ProviderInstance[]
}

/** Returns the function that reads driver options as far as they are right. Throws nothing. */
export function checkedVolumeWith(defaults: VolumeDefaults): (options: DriverOptions) => CheckedVolume {
  const read = volumeReader(defaults)
  const problemsOf = (options: readonly (readonly [string, string])[]): Problems => {
    const problems: Problems = []
    read(Object.fromEntries(options), problems)
    return problems
  }
  return (options) => {
    const { sound, dropped, problems } = soundOptions(Object.entries(options), problemsOf)
    const config = read(Object.fromEntries(sound), [])
    const { providers } = config
    return { config, problems, unsure: providers.filter((instance) => isAnyOf(instance, dropped)) }
  }
}

/** True when one of the options belongs to the provider. */
export function isAnyOf(instance: ProviderInstance, options: readonly string[]): boolean {
  if (isNamed(instance)) return false
  const names = fieldsOf([instance.def.settings]).flatMap(flagNames)
  return options.some((option) => names.includes(option.replaceAll('_', '-')))
}

function volumeReader(defaults: VolumeDefaults): ReadVolume {
  const inheritedProblems: Problems = []
  const inherited = {
    layer: defaults.layer,
    shared: parseShared(defaults.layer, defaults.providers, inheritedProblems),
    providers: defaults.providers,
  }
  const operator = sizesOf(inherited.shared)

  /** Most volumes only name files, and have the settings of the daemon. */
  function settingsOf(own: Layer, problems: Problems): typeof inherited {
    if (own.size === 0) {
      problems.push(...inheritedProblems)
      return inherited
    }
    const layer = mergeLayers({ 'driver option': own, default: defaults.layer })
    const shared = parseShared(layer, defaults.providers, problems)
    const providers = defaults.providers.map((instance) =>
      ownInstance(instance, own, layer, defaults.limits, problems),
    )
    return { layer, shared, providers }
  }

  return (options, problems) => {
    const own = parseDriverOptions(options, FIELDS, problems)
    const { layer, shared, providers } = settingsOf(own.layer, problems)
    const { volume, tmpfs, written, chosen } = shared
    problems.push(...unheeded(own.layer, defaults.providers, chosen))
    const ownFiles = own.files.map((file) => limitTemplate(file, defaults.limits, problems))
    checkCeilings(own, sizesOf(shared), operator, defaults.ceilings, problems)
    const files = withAccess(joinFiles(defaults.files, ownFiles), own.access, problems)
    const { watch, refresh, cache, onChange, mountTimeoutMs } = volume
    problems.push(...touchProblems(onChange, layer, files), ...layoutProblems(written, onChange, files))
    return {
      files,
      watch,
      refresh,
      cache,
      onChange,
      mountTimeoutMs,
      tmpfs,
      written,
      ceilings: {
        references: defaults.ceilings.references,
        renderedBytes: defaults.ceilings.renderedBytes,
        origins: new Set(ownFiles.map(({ origin }) => origin)),
      },
      providers,
      parseRef: routeReferences(providers, chosen),
    }
  }
}

/** Returns a problem when `on-change` would touch a secret. It is undefined when it is wrong itself. */
function touchProblems(
  onChange: VolumeConfig['onChange'] | undefined,
  layer: Layer,
  files: readonly RequestedFile[],
): readonly string[] {
  if (typeof onChange !== 'object' || onChange.kind !== 'touch') return []
  const names = files.map(({ name }) => name)
  if (!touchesSecret(onChange.file, names)) return []
  const origin = layer.get(volumeSection.fields.onChange.name)?.origin ?? 'on-change'
  return [`${origin}: ${onChange.file} is a secret of the volume: name another file`]
}

/** Returns a problem for each name that the layout `generations` needs for itself. */
function layoutProblems(
  written: VolumeConfig['written'] | undefined,
  onChange: VolumeConfig['onChange'] | undefined,
  files: readonly RequestedFile[],
): readonly string[] {
  if (written?.layout !== 'generations') return []
  const says = 'a name that begins with .. is reserved by layout=generations'
  const touched =
    typeof onChange === 'object' && onChange.kind === 'touch' && isReservedName(onChange.file)
      ? [`on-change: ${onChange.file}: ${says}`]
      : []
  const named = files.filter(({ name }) => isReservedName(name)).map(({ origin }) => `${origin}: ${says}`)
  return [...named, ...touched]
}

function sizesOf({
  volume,
  tmpfs,
  written,
}: Pick<ReturnType<typeof parseShared>, 'volume' | 'tmpfs' | 'written'>): Sizes {
  const cacheMs = volume.cache === 'off' ? 0 : volume.cache
  return { sizeBytes: tmpfs.sizeBytes, maxFileBytes: written.maxFileBytes, cacheMs }
}

/** Parses the settings that daemon and volume have in common. Adds to `problems` what is wrong. */
export function parseShared(layer: Layer, providers: readonly ProviderInstance[], problems: Problems) {
  return {
    volume: parseSection(volumeSection, layer, problems),
    tmpfs: parseSection(tmpfsSection, layer, problems),
    written: parseSection(volumeFilesSection, layer, problems),
    chosen: parseChosen(layer, providers, problems),
  }
}

/**
 * Returns the kind or the instance name that the setting `provider` chooses; undefined when it is not set, or
 * when it is wrong. Adds to `problems` what is wrong.
 */
export function parseChosen(
  layer: Layer,
  providers: readonly ProviderInstance[],
  problems: Problems,
): string | undefined {
  const { provider } = parseSection(providerSection, layer, problems)
  if (provider === undefined) return undefined
  try {
    const names = providers.filter(isNamed).map(({ name }) => name)
    return chooseKind(PROVIDERS, provider, names)
  } catch (thrown) {
    if (!isLocketError(thrown)) throw thrown
    problems.push(`${layer.get(providerSection.fields.provider.name)?.origin}: ${thrown.message}`)
    return undefined
  }
}

/**
 * Returns the daemon's instance when the volume changes none of its settings, else a checked instance of the
 * volume's own. Driver options never change a named instance.
 */
function ownInstance(
  instance: ProviderInstance,
  own: Layer,
  layer: Layer,
  limits: DriverLimits,
  problems: Problems,
): ProviderInstance {
  const section = instance.def.settings
  if (isNamed(instance) || !Object.values(section.fields).some((field) => own.has(field.name)))
    return instance
  const settings = parseSection(section, layer, problems)
  return createInstance(
    instance.def,
    limitSettings(section, { settings, inherited: instance.settings }, own, limits, problems),
  )
}

/**
 * Returns a problem for each driver option of a kind whose references go to a named instance: the option
 * would have no effect.
 */
function unheeded(
  own: Layer,
  providers: readonly ProviderInstance[],
  chosen: string | undefined,
): readonly string[] {
  const meant = providers.find(({ name }) => name === chosen)
  if (meant === undefined || !isNamed(meant)) return []
  const { name, def } = meant
  return fieldsOf([def.settings]).flatMap((field) => {
    const origin = own.get(field.name)?.origin
    return origin === undefined
      ? []
      : [`${origin} does not change ${name}, which the setting provider names: set provider to ${def.kind}`]
  })
}

/** Joins both lists. A volume's own file replaces the daemon's default of the same name. */
function joinFiles(defaults: readonly RequestedFile[], own: readonly RequestedFile[]): RequestedFile[] {
  const names = new Set(own.map((file) => file.name.normalize('NFC')))
  return [...defaults.filter((file) => !names.has(file.name.normalize('NFC'))), ...own]
}
