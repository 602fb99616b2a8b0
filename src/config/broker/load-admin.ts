import { fieldsOf } from '../../settings/field.ts'
import { namedLayer, openToml } from '../layers/toml.ts'
import { readConfigFiles } from '../layers/config-files.ts'
import { defaultLayer } from '../layers/defaults.ts'
import { envLayer } from '../layers/env.ts'
import { parseFlags } from '../layers/flags.ts'
import { mergeLayers, parseSection, throwProblems, type Problems } from '../layers/layers.ts'
import {
  checkPositionals,
  HOST_CONFIG,
  parseSections,
  type Loaded,
  type LoadRequest,
  type Sections,
} from '../load.ts'
import { brokerAdminSection } from './admin-section.ts'

/** A command of an operator on the host of a broker. */
interface BrokerRequest<S extends Sections> extends LoadRequest<S> {
  /** The tables of all commands. */
  readonly tables: readonly string[]
}

/**
 * Loads the settings of a command that calls the admin API. The settings that find the broker are also read
 * from the table `[serve]` of the configuration files, and for root of the file of the host. Other settings
 * of that table are not looked at: a mistake in them must not keep an operator from taking a machine away.
 * Throws `usage` or `config`.
 */
export function loadBrokerCommand<S extends Sections>(request: BrokerRequest<S>): Loaded<S> {
  const { name, sections, argv, env, isRoot = true, tables, positionals: names = [] } = request
  const fields = fieldsOf(Object.values(sections))
  const flags = parseFlags(name, fields, argv)
  checkPositionals(name, names, flags.positionals)
  const problems: Problems = []
  const environment = envLayer(fields, env, problems)
  const given = mergeLayers({ flag: flags.layer, environment })
  const files = readConfigFiles(given, isRoot ? HOST_CONFIG : undefined, problems)
  const own = fieldsOf([brokerAdminSection])
  const toml = new Map(
    files.flatMap((file) => [...namedLayer(openToml(file, tables, problems), 'serve', own, problems)]),
  )
  const layer = mergeLayers({
    flag: flags.layer,
    environment,
    toml,
    default: defaultLayer(fields, { env, isRoot }),
  })
  const settings = parseSections(sections, (section) => parseSection(section, layer, problems))
  throwProblems(problems)
  return { settings, positionals: flags.positionals }
}
