import type { VariableStyle } from '../../core/plan/field-names.ts'
import type { ParseRef } from '../../core/template/template.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import { PROVIDERS } from '../../providers/index.ts'
import { createInstance } from '../../providers/instance.ts'
import { routeReferences } from '../../providers/route.ts'
import { fieldKind, type Field } from '../../settings/field.ts'
import { COMPOSE } from '../sections/compose.ts'
import { logSection } from '../sections/log.ts'
import { NOTHING_TO_SET, SERVICE_FIELDS } from './call.ts'
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
  /** The entries of its environment. Paths of .env files are as written. */
  readonly entries: readonly EnvEntry[]
  /** How a field of a `*` reference names its variable. */
  readonly fieldNames: VariableStyle
}

/** The configuration of a provider service without its wrong options. */
export interface CheckedService {
  /** Undefined: no variable is left. */
  readonly config: ServiceConfig | undefined
  /** All that is wrong with the options, one line each. */
  readonly problems: readonly string[]
  /** The providers of `config` that lack a wrong option of the service. */
  readonly unsure: readonly ProviderInstance[]
}

/**
 * Parses the options of a provider service as the flags that Compose makes of them, as far as they are right.
 * `below` holds the lower layers: environment and defaults. Throws nothing.
 */
export function readServiceOptions(options: ProviderService['options'], below: Layer): CheckedService {
  const each = [...options].flatMap(([name, values]) => values.map((value) => [name, value] as const))
  const { sound, dropped, problems } = soundOptions(each, (some) => {
    const found: Problems = []
    parseOptions(some, below, found)
    return found
  })
  const config = parseOptions(sound, below, [])
  const unsure = config?.providers.filter((instance) => isAnyOf(instance, dropped)) ?? []
  return { config, problems, unsure }
}

/** Returns undefined and adds to `problems` when something is wrong. */
function parseOptions(
  options: readonly (readonly [string, string])[],
  below: Layer,
  problems: Problems,
): ServiceConfig | undefined {
  const own = optionLayer(options, problems)
  const layer = mergeLayers({ flag: own, default: below })
  const settings = parseSections(COMPOSE, (section) => parseSection(section, layer, problems))
  parseSection(logSection, layer, problems)
  const providers = PROVIDERS.map((def) => createInstance(def, parseSection(def.settings, layer, problems)))
  const chosen = parseChosen(layer, providers, problems)
  const entries = collectEntries(settings, layer, problems)
  if (entries.length === 0) problems.push(`there is ${NOTHING_TO_SET}`)
  if (problems.length > 0) return undefined
  return {
    providers,
    parseRef: routeReferences(providers, chosen),
    entries,
    fieldNames: settings.environment.fieldNames,
  }
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
