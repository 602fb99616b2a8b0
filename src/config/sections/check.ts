import { field, section } from '../../settings/field.ts'
import { AbsolutePath, Choice, Duration, List, Switch, Text } from '../../settings/kinds.ts'

/** The format of what `check`, `doctor` and `status` tell. */
export const REPORT_FORMAT = field({
  name: 'format',
  schema: Choice(['text', 'table', 'json']),
  default: 'text',
  summary: 'text for people (table is the same), or one JSON document',
  placeholder: 'FORMAT',
})

/** The settings of `locket check` itself. */
export const checkSection = section('check', 'locket check', {
  offline: field({
    name: 'offline',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'ask no provider, not even the local one; check only settings, files and references',
  }),
  swarm: field({
    name: 'swarm',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'check the Swarm of this manager too: plugin, managers, and the references of its secrets',
  }),
  format: REPORT_FORMAT,
  strict: field({
    name: 'strict',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'a warning counts as a problem: the exit code is then 78',
  }),
  timeoutMs: field({
    name: 'timeout',
    schema: Duration.refine((ms) => ms > 0, 'must be longer than 0'),
    default: '30s',
    summary: 'the time for all providers together to answer',
    placeholder: 'DURATION',
  }),
  drivers: field({
    name: 'driver',
    kind: 'list',
    schema: List.optional(),
    summary:
      'another name of the driver in compose files, beside locket and locket:TAG; with --swarm: of the plugin',
    placeholder: 'NAME',
  }),
})

/** The settings of `locket doctor` itself. */
export const doctorSection = section('doctor', 'locket doctor', {
  format: REPORT_FORMAT,
  timeoutMs: field({
    name: 'timeout',
    schema: Duration.refine((ms) => ms > 0, 'must be longer than 0'),
    default: '10s',
    summary: 'the time that each check has',
    placeholder: 'DURATION',
  }),
  driver: field({
    name: 'driver',
    schema: Text,
    default: 'locket',
    summary: 'the name of the plugin',
    placeholder: 'NAME',
  }),
  folder: field({
    name: 'folder',
    schema: AbsolutePath,
    default: '/etc/locket',
    summary: 'the folder with the configuration, keys and tokens',
    placeholder: 'DIR',
  }),
})
