import { LocketError } from '../../core/vocabulary/errors.ts'
import { nearest } from '../../core/text/nearest.ts'
import type { ProviderDef } from '../../providers/define.ts'
import { PROVIDERS } from '../../providers/index.ts'
import { fieldsOf, type Section, type SettingsOf } from '../../settings/field.ts'
import { defaultLayer } from '../layers/defaults.ts'
import { envLayer, type Env } from '../layers/env.ts'
import { parseFlags } from '../layers/flags.ts'
import { mergeLayers, parseSection, throwProblems, type Layer, type Problems } from '../layers/layers.ts'
import { checkPositionals } from '../load.ts'
import { logSection } from '../sections/log.ts'
import { PROVIDER_SECTIONS, providerSection } from '../sections/rendering.ts'
import { VOLUME_SECTIONS } from '../sections/volume.ts'
import { initSection } from './section.ts'
import { isHidden } from './setup.ts'

/** The sections of `locket init`, in the order of help. */
export const INIT_SECTIONS: readonly Section[] = [initSection, providerSection]
/** The settings of providers, which `locket init` takes as answers. */
export const ANSWER_SECTIONS: readonly Section[] = [...PROVIDER_SECTIONS, logSection]

/** The loaded command `locket init`. */
export interface InitCommand {
  readonly settings: SettingsOf<typeof initSection>
  readonly log: SettingsOf<typeof logSection>
  /** The chosen provider; undefined if none was chosen. */
  readonly provider: ProviderDef | undefined
  /** All settings of providers that flags and environment give. */
  readonly given: Layer
}

/**
 * Loads the settings of `locket init` from flags and environment. Throws `usage` for a secret on the command
 * line, and `config` for an unknown provider or a wrong setting.
 */
export function loadInitCommand(argv: readonly string[], env: Env): InitCommand {
  const fields = fieldsOf([...INIT_SECTIONS, ...ANSWER_SECTIONS])
  const { layer: flags, positionals } = parseFlags('init', fields, argv)
  checkPositionals('init', [], positionals)
  refuseSecrets(flags)
  const problems: Problems = []
  const given = mergeLayers({ flag: flags, environment: envLayer(fields, env, problems) })
  const own = defaultLayer(fieldsOf([initSection, logSection]), { env, isRoot: true })
  const layer = mergeLayers({ flag: given, default: own })
  const settings = parseSection(initSection, layer, problems)
  const log = parseSection(logSection, layer, problems)
  const { provider: name } = parseSection(providerSection, layer, problems)
  const provider = name === undefined ? undefined : providerOf(name)
  if (name !== undefined && provider === undefined) problems.push(unknownProvider(name))
  throwProblems(problems)
  return { settings, log, provider, given }
}

/** The providers to choose from. */
export function providersToChoose(): readonly Pick<ProviderDef, 'kind' | 'title'>[] {
  return PROVIDERS
}

/** Returns the provider of a kind, one of its other names, or a number from 1 in the list of providers. */
export function providerOf(text: string): ProviderDef | undefined {
  const word = text.trim().toLowerCase()
  return PROVIDERS.find(
    ({ kind, aliases = [] }, index) => kind === word || aliases.includes(word) || String(index + 1) === word,
  )
}

/** Returns the variables of this user without those of settings, which the daemon will not have. */
export function withoutSettings(env: Env): Env {
  const names = new Set(fieldsOf(VOLUME_SECTIONS).flatMap((field) => field.env ?? []))
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !names.has(name) && !names.has(name.replace(/_FILE$/, ''))),
  )
}

function unknownProvider(name: string): string {
  const near = nearest(
    name.trim().toLowerCase(),
    PROVIDERS.flatMap(({ kind, aliases = [] }) => [kind, ...aliases]),
  )
  const advice = near === undefined ? '' : `, did you mean ${near}?`
  return `provider: must be one of ${PROVIDERS.map(({ kind }) => kind).join(', ')}${advice}`
}

function refuseSecrets(flags: Layer): void {
  for (const field of fieldsOf(PROVIDER_SECTIONS)) {
    const given = flags.get(field.name)?.value
    if (!isHidden(field) || typeof given !== 'string' || given.startsWith('file:')) continue
    throw new LocketError('usage', `--${field.name}: every user of this machine can read a command line`, {
      hint: `give the secret with --token-file FILE, or - for standard input; or --${field.name} file:/path`,
    })
  }
}
