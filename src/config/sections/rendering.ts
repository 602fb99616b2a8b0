import { PROVIDERS } from '../../providers/index.ts'
import { field, section, type Section } from '../../settings/field.ts'
import { RefreshInterval, Text } from '../../settings/kinds.ts'
import { configFileSection } from './config-file.ts'
import { logSection } from './log.ts'

/** The setting that chooses the provider of references without a scheme of their own. */
export const providerSection = section('provider', 'Provider', {
  provider: field({
    name: 'provider',
    env: 'SECRETS_PROVIDER',
    schema: Text.optional(),
    example: 'local',
    summary:
      'the provider of bare references and of op://: a kind, or the NAME of a [providers.NAME]; not needed where the scheme decides',
    brief: 'the provider of bare references and of op://: a kind, or a NAME of [providers.NAME]',
    placeholder: 'NAME',
  }),
})

/** Returns the setting for the time between two questions for values. */
export function refreshField(summary: string) {
  return field({
    name: 'refresh',
    env: 'LOCKET_REFRESH',
    schema: RefreshInterval,
    default: 'auto',
    summary: `${summary}: a duration of at least 5s, off, or auto, which depends on the provider`,
    placeholder: 'DURATION',
  })
}

/** The settings of each kind of provider. */
export const PROVIDER_SECTIONS: readonly Section[] = PROVIDERS.map((def) => def.settings)

/** The sections of every command that renders templates, in the order of help and reference. */
export const RENDERING_SECTIONS: readonly Section[] = [
  providerSection,
  ...PROVIDER_SECTIONS,
  configFileSection,
  logSection,
]
