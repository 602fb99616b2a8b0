import { field, section } from '../../settings/field.ts'
import { Switch, Text } from '../../settings/kinds.ts'

export const composeSection = section('compose', 'Provider service', {
  raw: field({
    name: 'raw',
    env: 'LOCKET_RAW',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary:
      'variables have exactly their names, without the name of the service before them; from Docker Compose 5.2.0 on',
  }),
  project: field({
    name: 'project-name',
    schema: Text.optional(),
    summary: "the project's name, which Compose tells and nothing depends on",
    placeholder: 'NAME',
    toml: false,
  }),
})
