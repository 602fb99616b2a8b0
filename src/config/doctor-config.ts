import { hasCredential } from '../providers/instance.ts'
import type { ProviderInstance } from '../providers/define.ts'
import { fieldsOf, type SettingsOf } from '../settings/field.ts'
import { isConfigFile } from './layers/config-files.ts'
import { defaultLayer } from './layers/defaults.ts'
import { envLayer } from './layers/env.ts'
import { parseFlags } from './layers/flags.ts'
import { mergeLayers, parseSection, throwProblems, type Problems } from './layers/layers.ts'
import { checkPositionals, HOST_CONFIG, volumeSources, type VolumeRequest } from './load.ts'
import { configFileSection } from './sections/config-file.ts'
import { doctorSection } from './sections/doctor.ts'
import { VOLUME_SECTIONS } from './sections/volume.ts'
import { soundDaemonConfig } from './volume/daemon.ts'
import type { DaemonConfig, LogConfig } from './volume/volume-config.ts'

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
  const { paths } = configFileSection.fields
  const isNamed = flags.has(paths.name) || envLayer([paths], request.env, []).has(paths.name)
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
