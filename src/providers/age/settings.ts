import { field, section, type SettingsOf } from '../../settings/field.ts'
import { AbsolutePath } from '../../settings/kinds.ts'

/** The settings of the provider `age`. */
export const ageSettings = section('age', 'Files that age has encrypted', {
  folder: field({
    name: 'age-folder',
    env: 'LOCKET_AGE_FOLDER',
    schema: AbsolutePath,
    default: '/etc/locket/age',
    userDefault: 'age',
    summary: 'the folder of the encrypted files; references name files below it',
    placeholder: 'FOLDER',
    driverOption: false,
  }),
  identity: field({
    name: 'age-identity',
    env: 'LOCKET_AGE_IDENTITY',
    schema: AbsolutePath,
    default: '/etc/locket/age.key',
    userDefault: 'age.key',
    summary: 'file of the identities that open them: of age-keygen, or an SSH key without a passphrase',
    placeholder: 'FILE',
    file: true,
    driverOption: false,
  }),
})

/** The parsed settings of the provider `age`. */
export type AgeSettings = SettingsOf<typeof ageSettings>
