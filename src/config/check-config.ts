import type { ProviderInstance } from '../providers/define.ts'
import { hasCredential } from '../providers/instance.ts'
import { fieldsOf, type SettingsOf } from '../settings/field.ts'
import { SERVICE_FIELDS } from './compose/call.ts'
import { readComposeFile, type ComposeFile, type ProviderService } from './compose/file.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import { configFileSection } from './sections/config-file.ts'
import { isConfigFile } from './layers/config-files.ts'
import { soundDaemonConfig, type LoadedDaemon } from './volume/daemon.ts'
import { defaultLayer, type User } from './layers/defaults.ts'
import { envLayer, type Env } from './layers/env.ts'
import { exposedFlags, parseFlags } from './layers/flags.ts'
import { mergeLayers, parseSection, throwProblems, type Layer, type Problems } from './layers/layers.ts'
import { checkPositionals, HOST_CONFIG, volumeSources, type VolumeRequest } from './load.ts'
import { readService, type CheckedService } from './compose/provider.ts'
import { checkSection, doctorSection } from './sections/check.ts'
import { VOLUME_SECTIONS } from './sections/volume.ts'
import type { DaemonConfig, LogConfig } from './volume/volume-config.ts'

/** The command line of a check. `hostConfig` replaces the path of the host's file, for tests. */
interface CheckRequest extends VolumeRequest, Pick<User, 'isRoot'> {
  readonly hostConfig?: string
}

const CONFIG = configFileSection.fields.paths.name

/** The loaded command `locket check`. */
interface CheckCommand {
  readonly settings: SettingsOf<typeof checkSection>
  /** The files to check, each once: paths of files and folders, and `-` for standard input. */
  readonly paths: readonly string[]
  readonly log: LogConfig
  /** The flags that show a credential to other users. */
  readonly exposed: readonly string[]
  readonly config: CheckConfig
}

/** The configuration to check, and the functions that read files by it. */
export interface CheckConfig {
  /** The problems of the daemon's settings, one line each. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  /** The configuration files that were read. */
  readonly configFiles: readonly string[]
  /** Their absolute paths, and those of links on the way. */
  readonly configPaths: readonly string[]
  /** The daemon's configuration without the wrong settings. */
  readonly daemon: DaemonConfig
  /** Values of variables in compose files. */
  readonly env: Env
  /** Reads the text of a compose file; undefined when it is not one. */
  readonly composeFile: (text: string, env: Env) => ComposeFile | undefined
  /** Reads the driver options of a volume, as far as they are right. */
  readonly checkedVolume: LoadedDaemon['checkedVolume']
  /** Reads the options and variables of a provider service, as far as they are right. */
  readonly checkedService: (service: ProviderService) => CheckedService
  /**
   * True when all settings of the provider are valid and a credential is set. The check then asks the
   * provider even if no reference needs it.
   */
  readonly isConfigured: (instance: ProviderInstance) => boolean
}

/**
 * Loads the settings of `locket volume` and those of the check itself. A command line without files and
 * without a configuration file means the configuration file of this host, if there is one. Problems of the
 * daemon's settings are returned. Throws `usage`, and `config` for a wrong setting of the check itself.
 */
export function loadCheckCommand({
  argv,
  isRoot,
  hostConfig = HOST_CONFIG,
  ...request
}: CheckRequest): CheckCommand {
  const user = { env: request.env, isRoot }
  const own = fieldsOf([checkSection])
  const fields = [...own, ...fieldsOf(VOLUME_SECTIONS)]
  const { layer: flags, positionals } = parseFlags('check', fields, argv)
  checkPositionals('check', ['[FILES...]'], positionals)
  if (positionals.filter((path) => path === '-').length > 1)
    throw new LocketError('usage', 'standard input can be checked once only')
  const wrong: Problems = []
  const layer = mergeLayers({ flag: flags, default: defaultLayer(own, user) })
  const settings = parseSection(checkSection, layer, wrong)
  throwProblems(wrong)
  const isNamed = isConfigNamed(flags, user.env)
  const warnings: Problems = []
  const isRead = positionals.length === 0 && !isNamed && isConfigFile(hostConfig, warnings)
  const read = volumeSources(flags, { ...request, hostConfig: isRead ? hostConfig : undefined })
  const { sources, problems, files } = read
  const { daemon, log, checkedVolume } = soundDaemonConfig(sources, problems)
  const config: CheckConfig = {
    problems,
    warnings,
    configFiles: files,
    configPaths: sources.configFiles,
    daemon,
    checkedVolume,
    env: user.env,
    composeFile: (text, env) => readComposeFile(text, { env, drivers: settings.drivers ?? [] }),
    checkedService: (service) => readService(service, serviceDefaults(user)),
    isConfigured: (instance) => hasCredential(instance) && instance.def.check(instance.settings).length === 0,
  }
  return { settings, paths: [...new Set(positionals)], log, exposed: exposedFlags(flags, fields), config }
}

/** True when a flag or a variable names the configuration files. */
function isConfigNamed(flags: Layer, env: Env): boolean {
  return flags.has(CONFIG) || envLayer([configFileSection.fields.paths], env, []).has(CONFIG)
}

/** Returns the lower layers of a provider service: the environment of this user, and defaults. */
function serviceDefaults(user: User) {
  return mergeLayers({
    environment: envLayer(SERVICE_FIELDS, user.env, []),
    default: defaultLayer(SERVICE_FIELDS, user),
  })
}

/** The loaded command `locket doctor`. */
interface DoctorCommand {
  readonly settings: SettingsOf<typeof doctorSection>
  readonly log: LogConfig
  readonly daemon: DaemonConfig
  /** The problems of the daemon's settings, one line each. */
  readonly problems: readonly string[]
  /** The configuration files that were read. */
  readonly configFiles: readonly string[]
  /** The providers whose settings are valid and have a credential. */
  readonly providers: readonly ProviderInstance[]
}

/**
 * Loads the settings of the daemon of this machine, and those of the command. Problems of the daemon's
 * settings are returned. Throws `usage`, and `config` for a wrong setting of the command itself.
 */
export function loadDoctorCommand({ argv, ...request }: VolumeRequest): DoctorCommand {
  const own = fieldsOf([doctorSection])
  const { layer: flags, positionals } = parseFlags('doctor', [...own, ...fieldsOf(VOLUME_SECTIONS)], argv)
  checkPositionals('doctor', [], positionals)
  const wrong: Problems = []
  const user = { env: request.env, isRoot: true }
  const layer = mergeLayers({ flag: flags, default: defaultLayer(own, user) })
  const settings = parseSection(doctorSection, layer, wrong)
  throwProblems(wrong)
  const isNamed = isConfigNamed(flags, request.env)
  const warnings: Problems = []
  const isRead = !isNamed && isConfigFile(HOST_CONFIG, warnings)
  const read = volumeSources(flags, { ...request, hostConfig: isRead ? HOST_CONFIG : undefined })
  const { daemon, log } = soundDaemonConfig(read.sources, read.problems)
  return {
    settings,
    log,
    daemon,
    problems: [...read.problems, ...warnings],
    configFiles: read.files,
    providers: daemon
      .volumeConfig({})
      .providers.filter((each) => hasCredential(each) && each.def.check(each.settings).length === 0),
  }
}
