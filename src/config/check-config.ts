import type { ProviderInstance } from '../providers/define.ts'
import { hasCredential } from '../providers/instance.ts'
import { fieldsOf, type SettingsOf } from '../settings/field.ts'
import { SERVICE_FIELDS } from './compose/call.ts'
import { readComposeFile, type ComposeFile, type ProviderService } from './compose/file.ts'
import { soundDaemonConfig } from './volume/daemon.ts'
import { defaultLayer, type User } from './layers/defaults.ts'
import { envLayer, type Env } from './layers/env.ts'
import { parseFlags } from './layers/flags.ts'
import { mergeLayers, parseSection, throwProblems, type Problems } from './layers/layers.ts'
import { checkPositionals, volumeSources, type VolumeRequest } from './load.ts'
import { readService, type ServiceConfig } from './compose/provider.ts'
import { checkSection } from './sections/check.ts'
import { VOLUME_SECTIONS } from './sections/volume.ts'
import type { DaemonConfig, LogConfig } from './volume/volume-config.ts'

/** The loaded command `locket check`. */
interface CheckCommand {
  readonly settings: SettingsOf<typeof checkSection>
  /** The files to check. */
  readonly paths: readonly string[]
  readonly log: LogConfig
  readonly config: CheckConfig
}

/** The configuration to check, and the functions that read files by it. */
export interface CheckConfig {
  /** The problems of the daemon's settings, one line each. */
  readonly problems: readonly string[]
  /** The daemon's configuration without the wrong settings. */
  readonly daemon: DaemonConfig
  /** Values of variables in compose files. */
  readonly env: Env
  /** Reads the text of a compose file; undefined when it is not one. */
  readonly composeFile: (text: string, env: Env) => ComposeFile | undefined
  /** Reads a provider service. Returns undefined and adds to `problems` when something is wrong. */
  serviceConfig(service: ProviderService, problems: Problems): ServiceConfig | undefined
  /**
   * True when all settings of the provider are valid and a credential is set. The check then asks the
   * provider even if no reference needs it.
   */
  isConfigured(instance: ProviderInstance): boolean
}

/**
 * Loads the settings of `locket volume` and those of the check itself. Problems of the daemon's settings are
 * returned. Throws `usage`, and `config` for a wrong setting of the check itself.
 */
export function loadCheckCommand({
  argv,
  isRoot,
  ...request
}: VolumeRequest & Pick<User, 'isRoot'>): CheckCommand {
  const user = { env: request.env, isRoot }
  const own = fieldsOf([checkSection])
  const { layer: flags, positionals } = parseFlags('check', [...own, ...fieldsOf(VOLUME_SECTIONS)], argv)
  checkPositionals('check', ['[FILES...]'], positionals)
  const wrong: Problems = []
  const layer = mergeLayers({ flag: flags, default: defaultLayer(own, user) })
  const settings = parseSection(checkSection, layer, wrong)
  throwProblems(wrong)
  const { sources, problems } = volumeSources(flags, request)
  const { daemon, log } = soundDaemonConfig(sources, problems)
  const config: CheckConfig = {
    problems,
    daemon,
    env: user.env,
    composeFile: (text, env) => readComposeFile(text, { env, drivers: settings.drivers ?? [] }),
    serviceConfig: (service, found) => readService(service, serviceDefaults(user), found),
    isConfigured: (instance) => hasCredential(instance) && instance.def.check(instance.settings).length === 0,
  }
  return { settings, paths: positionals, log, config }
}

/** Returns the lower layers of a provider service: the environment of this user, and defaults. */
function serviceDefaults(user: User) {
  return mergeLayers({
    environment: envLayer(SERVICE_FIELDS, user.env, []),
    default: defaultLayer(SERVICE_FIELDS, user),
  })
}
