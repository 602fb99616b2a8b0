import { field, section } from '../../settings/field.ts'
import { Choice, List } from '../../settings/kinds.ts'

/** The variables of an environment, for every command that makes one. */
export const environmentSection = section('environment', 'Environment', {
  env: field({
    name: 'env',
    short: 'e',
    env: 'LOCKET_ENV',
    kind: 'list',
    schema: List.optional(),
    example: 'DB_PASSWORD={{ local://db/password }}',
    summary:
      'a variable, NAME=TEMPLATE or NAME=@path/to/template, or the path of a .env file; a later one replaces an earlier one of the same name',
    placeholder: 'NAME=TEMPLATE',
  }),
  envFiles: field({
    name: 'env-file',
    env: 'LOCKET_ENV_FILE',
    kind: 'list',
    schema: List.optional(),
    example: 'app.env',
    summary: 'a .env file, whose values are templates; --env replaces its variables',
    placeholder: 'FILE',
  }),
  fieldNames: field({
    name: 'field-names',
    env: 'LOCKET_FIELD_NAMES',
    schema: Choice(['upper', 'keep']),
    default: 'upper',
    summary:
      'how the field of a reference that ends in * names its variable: `upper` makes USER_NAME of user-name, `keep` changes nothing',
    placeholder: 'STYLE',
  }),
})

/** Variables written as secrets, for the commands that write no files. */
export const variableSecretsSection = section('variable-secrets', 'Secrets', {
  secrets: field({
    name: 'secret',
    aliases: ['secrets'],
    env: 'LOCKET_SECRETS',
    kind: 'list',
    schema: List.optional(),
    example: 'DB_PASSWORD={{ local://db/password }}',
    summary:
      'a variable, NAME=TEMPLATE, NAME=@path/to/template or /path/to/NAME; --env replaces a variable of the same name',
    placeholder: 'NAME=TEMPLATE',
  }),
})
