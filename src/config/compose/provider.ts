import type { VariableStyle } from '../../core/plan/field-names.ts'
import type { ParseRef } from '../../core/template/template.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import { PROVIDERS } from '../../providers/index.ts'
import { createInstance } from '../../providers/instance.ts'
import { routeReferences } from '../../providers/route.ts'
import { fieldKind, type Field } from '../../settings/field.ts'
import { COMPOSE } from '../sections/compose.ts'
import { logSection } from '../sections/log.ts'
import { nothingToSet, SERVICE_FIELDS } from './call.ts'
import { joinedEntries } from '../entries/joined-entries.ts'
import { serviceEntries } from './announced.ts'
import type { ProviderService } from './file.ts'
import { collectEntries, type EnvEntry } from '../entries/env-entry.ts'
import { flagNames } from '../layers/flags.ts'
import {
  adviceOn,
  mergeLayers,
  parseSection,
  type Given,
  type Layer,
  type Problems,
} from '../layers/layers.ts'
import { parseSections } from '../load.ts'
import { shownName } from '../entries/secret-entry.ts'
import { soundOptions } from '../volume/sound-options.ts'
import { isAnyOf, parseChosen } from '../volume/volume-options.ts'

/** The configuration of a provider service of a compose file. */
interface ServiceConfig {
  readonly providers: readonly ProviderInstance[]
  readonly parseRef: ParseRef
  /** The entries of its `environment:` and its options, in this order. Paths of .env files are as written. */
  readonly entries: readonly EnvEntry[]
  /** How a field of a `*` reference names its variable. */
  readonly fieldNames: VariableStyle
  /** Likely mistakes, one line each. */
  readonly warnings: readonly string[]
}

/** The configuration of a provider service without its wrong options. */
export interface CheckedService {
  /** Undefined: no variable is left. */
  readonly config: ServiceConfig | undefined
  /** All that is wrong with the options and the variables, one line each. */
  readonly problems: readonly string[]
  /** The providers of `config` that lack a wrong option of the service. */
  readonly unsure: readonly ProviderInstance[]
}

/**
 * Parses the options of a provider service as the flags that Compose makes of them, and its `environment:`,
 * as far as they are right. `below` holds the lower layers: environment and defaults. Throws nothing.
 */
export function readService(service: ProviderService, below: Layer): CheckedService {
  const { options, environment, envFiles } = service
  const wrong: Problems = []
  const files = envFiles.map((path) => ({ kind: 'file', path, origin: 'env_file' }) as const)
  const own = [...files, ...serviceEntries(environment, wrong)]
  const each = [...options].flatMap(([name, values]) => values.map((value) => [name, value] as const))
  const { sound, dropped, problems } = soundOptions(each, (some) => {
    const found: Problems = []
    parseOptions(some, own, below, found)
    return found
  })
  const config = parseOptions(sound, own, below, [])
  const unsure = config?.providers.filter((instance) => isAnyOf(instance, dropped)) ?? []
  return { config, problems: [...wrong, ...problems], unsure }
}

const OLDER_COMPOSE =
  'Docker Compose before 5.6.0 leaves out the variables of environment:, and sets only those of the options'

/**
 * Returns undefined and adds to `problems` when something is wrong. `own` holds the entries of the service
 * itself.
 */
function parseOptions(
  options: readonly (readonly [string, string])[],
  own: readonly EnvEntry[],
  below: Layer,
  problems: Problems,
): ServiceConfig | undefined {
  const layer = mergeLayers({ flag: optionLayer(options, problems), default: below })
  const settings = parseSections(COMPOSE, (section) => parseSection(section, layer, problems))
  parseSection(logSection, layer, problems)
  const providers = PROVIDERS.map((def) => createInstance(def, parseSection(def.settings, layer, problems)))
  const chosen = parseChosen(layer, providers, problems)
  const named = collectEntries(settings, layer, problems)
  const entries = [...own, ...named]
  if (entries.length === 0) problems.push(`there is ${nothingToSet({ environment: true })}`)
  if (problems.length > 0) return undefined
  const parseRef = routeReferences(providers, chosen)
  const warnings = joinedEntries(entries, parseRef).map(({ where, warning }) => `${where}: ${warning}`)
  if (own.length > 0 && named.length > 0) warnings.push(OLDER_COMPOSE)
  const { fieldNames } = settings.environment
  return { providers, parseRef, entries, fieldNames, warnings }
}

function optionLayer(options: readonly (readonly [string, string])[], problems: Problems): Layer {
  const layer = new Map<string, Given>()
  for (const [option, value] of options) {
    const origin = `option ${shownName(option)}`
    const found = findField(option)
    if (found === undefined) problems.push(unknownOption(option, origin))
    else if (fieldKind(found) === 'list') {
      const before = layer.get(found.name)?.value ?? []
      layer.set(found.name, { value: [before, value].flat(), origin })
    } else layer.set(found.name, { value, origin })
  }
  return layer
}

function findField(option: string): Field | undefined {
  const name = option.replaceAll('_', '-')
  return SERVICE_FIELDS.find((candidate) => flagNames(candidate).includes(name))
}

function unknownOption(option: string, origin: string): string {
  const advice = adviceOn(option, SERVICE_FIELDS.flatMap(flagNames))
  return `${origin} is not known${advice === '' ? '' : `, ${advice}`}`
}
