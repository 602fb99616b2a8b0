import { PROVIDERS } from '../../providers/index.ts'
import { field, section, type Section } from '../../settings/field.ts'
import { Text } from '../../settings/kinds.ts'
import { configFileSection } from './config-file.ts'
import { logSection } from './log.ts'

export const providerSection = section('provider', 'Provider', {
  provider: field({
    name: 'provider',
    env: 'SECRETS_PROVIDER',
    schema: Text.optional(),
    example: 'local',
    summary:
      'which provider bare references and op:// mean, a kind or the NAME of a [providers.NAME]; not needed where the scheme decides',
    placeholder: 'NAME',
  }),
})

/** The settings of each kind of provider. */
export const PROVIDER_SECTIONS: readonly Section[] = PROVIDERS.map((def) => def.settings)

/** The sections that every command takes that renders templates, in the order of help and reference. */
export const RENDERING_SECTIONS: readonly Section[] = [
  providerSection,
  ...PROVIDER_SECTIONS,
  configFileSection,
  logSection,
]
