import { field, section } from '../../settings/field.ts'
import { AbsolutePath, Switch, Text } from '../../settings/kinds.ts'

/** The settings of `locket init` itself. */
export const initSection = section('init', 'locket init', {
  folder: field({
    name: 'folder',
    schema: AbsolutePath,
    default: '/etc/locket',
    summary: 'the folder of locket.toml and of the files with tokens; a plugin sees it as /etc/locket',
    placeholder: 'DIR',
  }),
  tokenFile: field({
    name: 'token-file',
    schema: Text.optional(),
    summary: 'take the token (password, secret id, client secret) from this file, or from standard input: -',
    placeholder: 'FILE',
  }),
  reference: field({
    name: 'reference',
    schema: Text.optional(),
    summary: 'a secret that exists, for the compose file and the check',
    placeholder: 'REF',
  }),
  compose: field({
    name: 'compose',
    schema: Text,
    default: 'locket.compose.yaml',
    summary: 'the compose file to write; - prints it',
    placeholder: 'FILE',
  }),
  force: field({
    name: 'force',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'replace files that exist',
  }),
  offline: field({
    name: 'offline',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'ask no provider in the check at the end',
  }),
})
