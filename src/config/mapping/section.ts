import { field, section } from '../../settings/field.ts'
import { Duration, List, Switch, Text } from '../../settings/kinds.ts'
import { matching } from '../../settings/schema.ts'

const environmentField = field({
  name: 'environment',
  env: 'LOCKET_ENVIRONMENT',
  schema: Text.optional(),
  example: 'production',
  summary: 'lay the table [NAME.secrets] of the mapping file over its table [secrets]',
  placeholder: 'NAME',
  toml: false,
})

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
  environment: environmentField,
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

/** The settings of `locket hook` and `locket allow` for the mapping file, which the folder decides. */
export const folderMappingSection = section('folder-mapping', 'Mapping file', {
  environment: environmentField,
})

/** The settings of `locket hook`. */
export const hookSection = section('hook', 'locket hook', {
  areVariables: field({
    name: 'variables',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'for the hook: print code that sets the variables of this folder; only into a pipe',
    toml: false,
  }),
  seen: field({
    name: 'seen',
    schema: matching(/^(?:[0-9a-f]{32})?$/, 'must be a state that locket has printed'),
    default: '',
    summary: 'for the hook: the state that it has; nothing is printed while it has not changed',
    placeholder: 'STATE',
    toml: false,
  }),
  timeoutMs: field({
    name: 'hook-timeout',
    env: 'LOCKET_HOOK_TIMEOUT',
    schema: Duration,
    default: '5s',
    summary: 'how long a prompt waits for the values; after that the folder has no variables',
    placeholder: 'DURATION',
    toml: false,
  }),
})
