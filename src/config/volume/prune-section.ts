import { field, section } from '../../settings/field.ts'
import { List, Switch, Text } from '../../settings/kinds.ts'
import { daemonSection } from '../sections/daemon.ts'

/** The settings of `locket volumes prune`. */
export const pruneSection = section('prune', 'locket volumes prune', {
  dryRun: field({
    name: 'dry-run',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'only show which volumes would be removed, and why the others are kept',
  }),
  force: field({
    name: 'force',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'remove them without a question',
  }),
  all: field({
    name: 'all',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary:
      'remove unused volumes that no stack has made, too: made by hand, by Compose, by a service alone',
  }),
  filters: field({
    name: 'filter',
    kind: 'list',
    schema: List.optional(),
    summary: 'only volumes that fit: name=PATTERN, stack=NAME, label=KEY or label=KEY=VALUE; repeatable',
    placeholder: 'FILTER',
  }),
  driver: field({
    name: 'driver',
    schema: Text,
    default: 'locket',
    summary: 'the name of the volume driver, which is the alias of the plugin',
    placeholder: 'NAME',
  }),
  dockerSocket: daemonSection.fields.dockerSocket,
})
