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
import { parseChosen } from '../volume/volume-options.ts'

/** The configuration of a provider service of a compose file. */
export interface ServiceConfig {
  readonly providers: readonly ProviderInstance[]
  readonly parseRef: ParseRef
  /** The entries of its environment. Paths of .env files are as written. */
  readonly entries: readonly EnvEntry[]
  /** How a field of a `*` reference names its variable. */
  readonly fieldNames: VariableStyle
}

/**
 * Parses the options of a provider service as the flags that Compose makes of them. `below` holds the lower
 * layers: environment and defaults. Returns undefined and adds to `problems` when something is wrong.
 */
export function readServiceOptions(
  options: ProviderService['options'],
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

function optionLayer(options: ProviderService['options'], problems: Problems): Layer {
  const layer = new Map<string, Given>()
  for (const [option, values] of options) {
    const origin = `option ${shownName(option)}`
    const found = findField(option)
    const last = values.at(-1)
    if (found === undefined) problems.push(unknownOption(option, origin))
    else if (fieldKind(found) === 'list') {
      const before = layer.get(found.name)?.value ?? []
      layer.set(found.name, { value: [before, values].flat(2), origin })
    } else if (last !== undefined) layer.set(found.name, { value: last, origin })
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
