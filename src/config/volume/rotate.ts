import { fieldsOf, type SettingsOf } from '../../settings/field.ts'
import { isConfigFile } from '../layers/config-files.ts'
import { defaultLayer } from '../layers/defaults.ts'
import { envLayer } from '../layers/env.ts'
import { exposedFlags, parseFlags } from '../layers/flags.ts'
import { mergeLayers, parseSection, throwProblems, type Problems } from '../layers/layers.ts'
import { checkPositionals, HOST_CONFIG, volumeSources, type VolumeRequest } from '../load.ts'
import { configFileSection } from '../sections/config-file.ts'
import { daemonConfig } from './daemon.ts'
import { ROTATE_DAEMON_SECTIONS, rotateSection } from './rotate-section.ts'
import type { DaemonConfig, LogConfig } from './volume-config.ts'

/** The loaded command `locket swarm rotate`. */
interface RotateCommand {
  readonly settings: SettingsOf<typeof rotateSection>
  readonly daemon: DaemonConfig
  readonly log: LogConfig
  /** The flags that show a credential to other users. */
  readonly exposed: readonly string[]
}

/**
 * Loads the settings of a rotation, and those of the daemon, whose providers it asks. Without `--config` it
 * reads the configuration file of this host, if there is one. Throws `usage`, or one `config` error.
 */
export function loadRotateCommand(request: VolumeRequest): RotateCommand {
  const own = fieldsOf([rotateSection])
  const fields = [...own, ...fieldsOf(ROTATE_DAEMON_SECTIONS)]
  const { layer: given, positionals } = parseFlags('swarm rotate', fields, request.argv)
  checkPositionals('swarm rotate', [], positionals)
  const problems: Problems = []
  const names = new Set(own.map(({ name }) => name))
  const flags = new Map([...given].filter(([name]) => !names.has(name)))
  const layer = mergeLayers({ flag: given, default: defaultLayer(own, { env: request.env, isRoot: true }) })
  const settings = parseSection(rotateSection, layer, problems)
  const { paths } = configFileSection.fields
  const isNamed = flags.has(paths.name) || envLayer([paths], request.env, []).has(paths.name)
  const hostConfig = !isNamed && isConfigFile(HOST_CONFIG, problems) ? HOST_CONFIG : undefined
  const read = volumeSources(flags, { ...request, hostConfig })
  throwProblems(problems)
  const { daemon, log } = daemonConfig(read.sources, read.problems)
  return { settings, daemon, log, exposed: exposedFlags(given, fields) }
}
