import { localSettings } from '../../providers/local/local.ts'
import { field, section } from '../../settings/field.ts'
import { Switch, Text } from '../../settings/kinds.ts'

/** The paths of the secrets and of their key: the settings of the `local` provider. */
export const storeSection = localSettings

/** The settings of `locket secret set`, without those of the store. */
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
    summary: 'leave out newlines at the end of the value from --stdin or --file',
  }),
})

/**
 * Allows a command to print secrets to a terminal. It is a flag only: a file must not allow it for good.
 */
export const showField = field({
  name: 'show',
  kind: 'switch',
  schema: Switch,
  default: 'false',
  summary: 'print even to a terminal',
  toml: false,
})

/** The settings of `locket secret get`, without those of the store. */
export const secretGetSection = section('secret-get', 'locket secret get', { show: showField })

/** The settings of `locket secret list`, without those of the store. */
export const secretListSection = section('secret-list', 'locket secret list', {
  names: field({
    name: 'names',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'print only the names, one per line',
  }),
})

/** The settings of `locket secret copy`, without those of the store and of the providers. */
export const secretCopySection = section('secret-copy', 'locket secret copy', {
  mayReplace: field({
    name: 'force',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'replace secrets that have a value already',
    toml: false,
  }),
})

/** The settings of `locket secret import`, without those of the store. */
export const secretImportSection = section('secret-import', 'locket secret import', {
  prefix: field({
    name: 'prefix',
    schema: Text.optional(),
    summary: 'a text to put before each name, unchanged',
    placeholder: 'PREFIX',
  }),
})
