import { field, section, type SettingsOf } from '../../settings/field.ts'
import { AbsolutePath } from '../../settings/kinds.ts'

/** The settings of the provider `sops`. */
export const sopsSettings = section('sops', 'Files of SOPS', {
  folder: field({
    name: 'sops-folder',
    env: 'LOCKET_SOPS_FOLDER',
    schema: AbsolutePath,
    default: '/etc/locket/sops',
    userDefault: 'sops',
    summary: 'the folder of the encrypted files; references name files below it',
    placeholder: 'FOLDER',
    driverOption: false,
  }),
  ageKeyFile: field({
    name: 'sops-age-key-file',
    env: 'SOPS_AGE_KEY_FILE',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/age.key',
    summary: 'file of age identities, which sops reads; left out: the places that sops knows itself',
    placeholder: 'FILE',
    file: true,
    driverOption: false,
  }),
})

/** The parsed settings of the provider `sops`. */
export type SopsSettings = SettingsOf<typeof sopsSettings>
