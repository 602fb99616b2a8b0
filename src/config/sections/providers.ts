import { field, section } from '../../settings/field.ts'
import { Text } from '../../settings/kinds.ts'

export const providerSection = section('provider', 'Provider', {
  provider: field({
    name: 'provider',
    env: 'SECRETS_PROVIDER',
    schema: Text.optional(),
    example: 'local',
    summary: 'which provider op:// and bare references mean; not needed where the scheme decides',
    placeholder: 'KIND',
  }),
})
