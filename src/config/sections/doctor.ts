import { field, section } from '../../settings/field.ts'
import { AbsolutePath, Choice, Duration, Text } from '../../settings/kinds.ts'

/** The settings of `locket doctor` itself. */
export const doctorSection = section('doctor', 'locket doctor', {
  format: field({
    name: 'format',
    schema: Choice(['table', 'json']),
    default: 'table',
    summary: 'table for people, or one JSON document',
    placeholder: 'FORMAT',
  }),
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
