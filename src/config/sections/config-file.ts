import { field, section } from '../../settings/field.ts'
import { List } from '../../settings/kinds.ts'

/** The paths of the configuration files. */
export const configFileSection = section('config-file', 'Configuration files', {
  paths: field({
    name: 'config',
    env: 'LOCKET_CONFIG',
    kind: 'list',
    schema: List.optional(),
    summary: 'a TOML file of settings; may be given several times, a later file wins',
    placeholder: 'FILE',
    driverOption: false,
    toml: false,
  }),
})
