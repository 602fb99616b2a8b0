import { field, section } from '../../settings/field.ts'
import { Choice, Count, Switch, Text } from '../../settings/kinds.ts'

/** The flag by which `locket audit` reads the audit of a broker. */
export const auditSourceSection = section('audit-source', 'The audit of a broker', {
  broker: field({
    name: 'broker',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'read the audit of the broker on this host, in place of the log of the daemon',
  }),
})

/** The flags of `locket audit show --broker`. */
export const brokerLinesSection = section('audit-broker', 'Lines of a broker', {
  machine: field({
    name: 'machine',
    schema: Text.optional(),
    summary: 'only lines about this machine',
    placeholder: 'NAME',
  }),
  secret: field({
    name: 'secret',
    schema: Text.optional(),
    summary: 'only lines about this secret',
    placeholder: 'PROJECT/NAME',
  }),
  outcome: field({
    name: 'outcome',
    schema: Choice(['allowed', 'denied', 'failed']).optional(),
    summary: 'only lines with this outcome: allowed, denied or failed',
    placeholder: 'OUTCOME',
  }),
  limit: field({
    name: 'limit',
    schema: Count,
    default: '100',
    summary: 'how many lines, counted from the newest',
    placeholder: 'NUMBER',
  }),
})
