import type { ProviderInstance } from '../providers/define.ts'
import { hasCredential } from '../providers/instance.ts'
import type { SettingsOf } from '../settings/field.ts'
import { fieldsOf, VOLUME_SECTIONS } from './sections/commands.ts'
import { SERVICE_FIELDS } from './compose/call.ts'
import { readComposeFile, type ComposeFile, type ProviderService } from './compose/file.ts'
import { soundDaemonConfig } from './volume/daemon.ts'
import { defaultLayer, type User } from './layers/defaults.ts'
import { envLayer, type Env } from './layers/env.ts'
import { parseFlags } from './layers/flags.ts'
import { mergeLayers, parseSection, throwProblems, type Problems } from './layers/layers.ts'
import { checkPositionals, volumeSources } from './load.ts'
import { readServiceOptions, type ServiceConfig } from './compose/provider.ts'
import { checkSection } from './sections/check.ts'
import type { DaemonConfig, LogConfig } from './volume/volume-config.ts'

export interface CheckCommand {
  readonly settings: SettingsOf<typeof checkSection>
  /** The files to check. */
  readonly paths: readonly string[]
  readonly log: LogConfig
  readonly config: CheckConfig
}

/** The configuration that is checked, and how files are read in its light. */
export interface CheckConfig {
  /** All that is wrong with it, one line each. */
  readonly problems: readonly string[]
  /** The daemon as it would be without the wrong settings. */
  readonly daemon: DaemonConfig
  /** For variables in compose files. */
  readonly env: Env
  /** Undefined: no compose file. */
  readonly composeFile: (text: string, env: Env) => ComposeFile | undefined
  /** Undefined when there is a problem. */
  serviceConfig(options: ProviderService['options'], problems: Problems): ServiceConfig | undefined
  /** Worth asking even when no reference needs it: everything is set, a credential too. */
  isConfigured(instance: ProviderInstance): boolean
}

/** What `locket volume` takes, and the check's own. What is wrong of the former is listed. Throws `usage`, or `config` for its own. */
export function loadCheckCommand(argv: readonly string[], user: User): CheckCommand {
  const own = fieldsOf([checkSection])
  const { layer: flags, positionals } = parseFlags('check', [...own, ...fieldsOf(VOLUME_SECTIONS)], argv)
  checkPositionals('check', ['[FILES...]'], positionals)
  const wrong: Problems = []
  const layer = mergeLayers({ flag: flags, default: defaultLayer(own, user) })
  const settings = parseSection(checkSection, layer, wrong)
  throwProblems(wrong)
  const { sources, problems } = volumeSources(flags, user.env)
  const { daemon, log } = soundDaemonConfig(sources, problems)
  const config: CheckConfig = {
    problems,
    daemon,
    env: user.env,
    composeFile: (text, env) => readComposeFile(text, { env, drivers: settings.drivers ?? [] }),
    serviceConfig: (options, found) => readServiceOptions(options, serviceDefaults(user), found),
    isConfigured: (instance) => hasCredential(instance) && instance.def.check(instance.settings).length === 0,
  }
  return { settings, paths: positionals, log, config }
}

/** What a program that Compose starts for this user sees beside its options. What is wrong there has been told. */
function serviceDefaults(user: User) {
  return mergeLayers({
    environment: envLayer(SERVICE_FIELDS, user.env, []),
    default: defaultLayer(SERVICE_FIELDS, user),
  })
}
