import { localSettings } from '../../providers/local/local.ts'
import { field, section } from '../../settings/field.ts'
import { Switch, Text } from '../../settings/kinds.ts'

/** The place of the secrets: the settings of the `local` provider. */
export const storeSection = localSettings

export const secretSetSection = section('secret-set', 'locket secret set', {
  stdin: field({
    name: 'stdin',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'take the value from standard input, every byte of it',
  }),
  file: field({
    name: 'file',
    schema: Text.optional(),
    summary: 'take the value from a file, every byte of it',
    placeholder: 'FILE',
  }),
  trim: field({
    name: 'trim',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'leave out newlines at the end of what --stdin or --file gives',
  }),
})

export const secretGetSection = section('secret-get', 'locket secret get', {
  show: field({
    name: 'show',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'print even to a terminal',
  }),
})

export const secretListSection = section('secret-list', 'locket secret list', {
  names: field({
    name: 'names',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'names alone, one per line',
  }),
})

export const secretImportSection = section('secret-import', 'locket secret import', {
  prefix: field({
    name: 'prefix',
    schema: Text.optional(),
    summary: 'put before each name, as it stands',
    placeholder: 'PREFIX',
  }),
})
