import { field, section } from '../../settings/field.ts'
import { Choice } from '../../settings/kinds.ts'

/** The settings of the log. Driver options cannot change them. */
export const logSection = section('log', 'Logging', {
  format: field({
    name: 'log-format',
    env: 'LOCKET_LOG_FORMAT',
    schema: Choice(['text', 'json', 'compose']),
    default: 'text',
    summary: 'the format of log lines: text, json or compose',
    placeholder: 'FORMAT',
    driverOption: false,
  }),
  level: field({
    name: 'log-level',
    env: 'LOCKET_LOG_LEVEL',
    schema: Choice(['trace', 'debug', 'info', 'warn', 'error']),
    default: 'info',
    summary: 'the lowest level to log: trace, debug, info, warn or error',
    placeholder: 'LEVEL',
    driverOption: false,
  }),
})
