import { field, section } from '../../settings/field.ts'
import { Choice, Duration, List, Switch } from '../../settings/kinds.ts'

export const checkSection = section('check', 'locket check', {
  offline: field({
    name: 'offline',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'ask no provider, not even the local one: settings, files and references are read, and no more',
  }),
  format: field({
    name: 'format',
    schema: Choice(['text', 'json']),
    default: 'text',
    summary: 'text for people, or one JSON document',
    placeholder: 'FORMAT',
  }),
  timeoutMs: field({
    name: 'timeout',
    schema: Duration.refine((ms) => ms > 0, 'must be longer than 0'),
    default: '30s',
    summary: 'how long the providers have, all in all',
    placeholder: 'DURATION',
  }),
  drivers: field({
    name: 'driver',
    kind: 'list',
    schema: List.optional(),
    summary: 'what compose files call the driver, beside locket and locket:TAG',
    placeholder: 'NAME',
  }),
})
