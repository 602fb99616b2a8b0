import { field, section } from '../../settings/field.ts'
import { Text } from '../../settings/kinds.ts'

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
