import type { SecretFile } from '../core/plan.ts'
import type { ParseRef } from '../core/template/template.ts'
import type { ProviderInstance } from '../providers/define.ts'
import { PROVIDERS } from '../providers/index.ts'
import { createInstance } from '../providers/instance.ts'
import { routeReferences } from '../providers/route.ts'
import { field, fieldKind, section, type Field } from '../settings/field.ts'
import { List, Switch } from '../settings/kinds.ts'
import { fieldsOf, VOLUME } from './commands.ts'
import type { ProviderService } from './compose-file.ts'
import { flagNames } from './flags.ts'
import { mergeLayers, parseSection, type Given, type Layer, type Problems } from './layers.ts'
import { shownName, splitEntry } from './secret-entry.ts'
import { adviceOn } from './unknown-setting.ts'
import { parseChosen } from './volume-options.ts'

/** What a provider service of a compose file is made with. */
export interface ServiceConfig {
  readonly providers: readonly ProviderInstance[]
  readonly parseRef: ParseRef
  /** Variables and secrets; a name may stand there twice. */
  readonly templates: readonly SecretFile[]
  /** As written: relative to the compose file. */
  readonly envFiles: readonly string[]
}

const serviceSection = section('provider-service', 'Provider service', {
  secrets: field({
    name: 'secret',
    aliases: ['secrets'],
    kind: 'list',
    schema: List.optional(),
    summary: 'a variable: NAME=TEMPLATE or NAME=@/path/to/template',
  }),
  env: field({
    name: 'env',
    kind: 'list',
    schema: List.optional(),
    summary: 'a variable: NAME=TEMPLATE or NAME=@/path/to/template',
  }),
  envFiles: field({
    name: 'env-file',
    kind: 'list',
    schema: List.optional(),
    summary: 'a .env file',
  }),
  raw: field({
    name: 'raw',
    kind: 'switch',
    schema: Switch.optional(),
    summary: 'variables have exactly their names',
  }),
})

const FIELDS = fieldsOf([
  serviceSection,
  VOLUME.provider,
  VOLUME.configFile,
  VOLUME.log,
  ...PROVIDERS.map((def) => def.settings),
])
const TEMPLATE_FILE = /^@(\/[^\n]*)$/

/**
 * The options of a provider service, read as the flags that Compose makes of them, over `below`: environment and defaults. Undefined
 * when there is a problem.
 */
export function readServiceOptions(
  options: ProviderService['options'],
  below: Layer,
  problems: Problems,
): ServiceConfig | undefined {
  const own = optionLayer(options, problems)
  const layer = mergeLayers({ flag: own, default: below })
  const { secrets = [], env = [], envFiles = [] } = parseSection(serviceSection, layer, problems)
  parseSection(VOLUME.log, layer, problems)
  const providers = PROVIDERS.map((def) => createInstance(def, parseSection(def.settings, layer, problems)))
  const chosen = parseChosen(layer, providers, problems)
  const templates = [
    ...secrets.map((entry) => templateOf(entry, own.get('secret')?.origin, problems)),
    ...env.map((entry) => templateOf(entry, own.get('env')?.origin, problems)),
  ].filter((file) => file !== undefined)
  if (problems.length > 0) return undefined
  return { providers, parseRef: routeReferences(providers, chosen), templates, envFiles }
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
  return FIELDS.find((candidate) => flagNames(candidate).includes(name))
}

function unknownOption(option: string, origin: string): string {
  const advice = adviceOn(option, FIELDS.flatMap(flagNames))
  return `${origin} is not known${advice === '' ? '' : `, ${advice}`}`
}

/** The text is not repeated in messages: it may hold a value. */
function templateOf(entry: string, origin = 'option', problems: Problems): SecretFile | undefined {
  const parts = splitEntry(entry)
  if (parts === undefined) {
    problems.push(`${origin}: write NAME=TEMPLATE or NAME=@/path/to/template`)
    return undefined
  }
  const { name, text } = parts
  const named = `${origin} ${shownName(name)}`
  const only = text.trim()
  if (!only.startsWith('@')) return { name, source: { kind: 'inline', template: text }, origin: named }
  const path = TEMPLATE_FILE.exec(only)?.[1]
  if (path !== undefined) return { name, source: { kind: 'file', path }, origin: named }
  problems.push(`${named}: after @ must stand an absolute path`)
  return undefined
}
