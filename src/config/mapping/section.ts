import { field, section } from '../../settings/field.ts'
import { List, Switch, Text } from '../../settings/kinds.ts'

/** The settings of the commands that read a mapping file. */
export const mappingSection = section('mapping', 'Mapping file', {
  path: field({
    name: 'mapping',
    env: 'LOCKET_MAPPING',
    schema: Text.optional(),
    example: '/app/locket.toml',
    summary:
      'the file that maps variables to references; left out: the first locket.toml, .locket.toml or .keyzero.toml with a table [secrets], from the working directory upwards',
    placeholder: 'FILE',
    toml: false,
  }),
  environment: field({
    name: 'environment',
    env: 'LOCKET_ENVIRONMENT',
    schema: Text.optional(),
    example: 'production',
    summary: 'lay the table [NAME.secrets] of the mapping file over its table [secrets]',
    placeholder: 'NAME',
    toml: false,
  }),
  only: field({
    name: 'only',
    kind: 'list',
    schema: List.optional(),
    summary: 'take only this variable of the mapping file; may be given several times',
    placeholder: 'NAME',
    toml: false,
  }),
})

/** The settings of `locket mapping add`, without those that choose the file. */
export const mappingAddSection = section('mapping-add', 'locket mapping add', {
  local: field({
    name: 'local',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'write into the local overlay beside the file (locket.local.toml), which is not committed',
    toml: false,
  }),
})
