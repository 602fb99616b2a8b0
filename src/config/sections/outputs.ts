import { field, section } from '../../settings/field.ts'
import { List, Text } from '../../settings/kinds.ts'
import { accessFields } from './files.ts'

/**
 * Templates and the files made from them. Every command that writes files at paths that the user chooses has
 * this section.
 */
export const outputsSection = section('outputs', 'Sources and outputs', {
  maps: field({
    name: 'map',
    env: 'SECRET_MAP',
    kind: 'list',
    entryKeys: { needed: ['source', 'dest'], optional: ['mode', 'user'] },
    schema: List.optional(),
    example: '/templates:/run/secrets/locket',
    summary:
      'SRC:DST or SRC=DST: the template SRC is written as DST, or every template below the folder SRC to the same place below DST; :mode=MODE and :user=UID:GID after DST set mode and owner; in `locket inject`, - is standard input or standard output',
    placeholder: 'SRC:DST',
  }),
  secrets: field({
    name: 'secret',
    aliases: ['secrets'],
    env: 'LOCKET_SECRETS',
    kind: 'list',
    schema: List.optional(),
    example: 'NAME={{ local://path/to/name }}',
    summary:
      'a file below --out: NAME=TEMPLATE, NAME=@path/to/template, or /path/to/template, which is named after its file',
    placeholder: 'NAME=TEMPLATE',
  }),
  ...accessFields,
  out: field({
    name: 'out',
    env: 'DEFAULT_SECRET_DIR',
    schema: Text,
    default: '/run/secrets/locket',
    summary: 'folder of the files that --secret names',
    placeholder: 'DIR',
  }),
})
