import { isLocketError } from '../../core/vocabulary/errors.ts'
import type { RequestedFile } from '../../core/plan/plan.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import { PROVIDERS } from '../../providers/index.ts'
import { createInstance, isNamed } from '../../providers/instance.ts'
import { chooseKind, routeReferences } from '../../providers/route.ts'
import { fieldsOf, VOLUME, VOLUME_SECTIONS } from '../sections/commands.ts'
import { limitSettings, limitTemplate, type DriverLimits } from './driver-limits.ts'
import { parseDriverOptions, type DriverOptions } from './driver-opts.ts'
import { mergeLayers, parseSection, throwProblems, type Layer, type Problems } from '../layers/layers.ts'
import type { VolumeConfig } from './volume-config.ts'

/** What a volume inherits from its daemon, parsed and known to be good. */
export interface VolumeDefaults {
  readonly layer: Layer
  readonly providers: readonly ProviderInstance[]
  readonly files: readonly RequestedFile[]
  readonly limits: DriverLimits
}

const FIELDS = fieldsOf(VOLUME_SECTIONS)

/** Driver options → a volume's configuration, as `DaemonConfig.volumeConfig` says. */
export function volumeConfigWith(defaults: VolumeDefaults): (options: DriverOptions) => VolumeConfig {
  return (options) => {
    const problems: Problems = []
    const own = parseDriverOptions(options, FIELDS, problems)
    const layer = mergeLayers({ 'driver option': own.layer, default: defaults.layer })
    const { volume, files, chosen } = parseShared(layer, defaults.providers, problems)
    const providers = defaults.providers.map((instance) =>
      ownInstance(instance, own.layer, layer, defaults.limits, problems),
    )
    problems.push(...unheeded(own.layer, defaults.providers, chosen))
    const ownFiles = own.files.map((file) => limitTemplate(file, defaults.limits, problems))
    throwProblems(problems)
    const { sizeBytes, mode, flags, selinuxContext, allowSwap, watch, mountTimeoutMs } = volume
    const { fileMode, dirMode, owner, maxFileBytes, policy } = files
    return {
      files: joinFiles(defaults.files, ownFiles),
      tmpfs: {
        sizeBytes,
        mode,
        flags,
        allowSwap,
        ...(selinuxContext === undefined ? {} : { selinuxContext }),
      },
      written: { fileMode, dirMode, maxFileBytes, ...owner },
      policy,
      watch,
      ...(mountTimeoutMs === undefined ? {} : { mountTimeoutMs }),
      providers,
      parseRef: routeReferences(providers, chosen),
    }
  }
}

/** The settings that daemon and volume have in common. */
export function parseShared(layer: Layer, providers: readonly ProviderInstance[], problems: Problems) {
  return {
    volume: parseSection(VOLUME.volume, layer, problems),
    files: parseSection(VOLUME.files, layer, problems),
    chosen: parseChosen(layer, providers, problems),
  }
}

/** The kind or the name that `provider` says, if it does. */
export function parseChosen(
  layer: Layer,
  providers: readonly ProviderInstance[],
  problems: Problems,
): string | undefined {
  const { provider } = parseSection(VOLUME.provider, layer, problems)
  if (provider === undefined) return undefined
  try {
    const names = providers.filter(isNamed).map(({ name }) => name)
    return chooseKind(PROVIDERS, provider, names)
  } catch (thrown) {
    if (!isLocketError(thrown)) throw thrown
    problems.push(`${layer.get(VOLUME.provider.fields.provider.name)?.origin}: ${thrown.message}`)
    return undefined
  }
}

/** The daemon's instance as it is, unless the volume sets something of it: then one of its own, checked. A named one stays. */
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

/** What a volume sets of a kind whose references go to a named instance: it would be of no effect. */
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
      : [`${origin} does not change ${name}, which provider says: set provider to ${def.kind}`]
  })
}

/** A volume's own file takes the place of the daemon's default of the same name. */
function joinFiles(defaults: readonly RequestedFile[], own: readonly RequestedFile[]): RequestedFile[] {
  const names = new Set(own.map((file) => file.name.normalize('NFC')))
  return [...defaults.filter((file) => !names.has(file.name.normalize('NFC'))), ...own]
}
