import { field, section, type SettingsOf } from '../../settings/field.ts'
import { AbsolutePath } from '../../settings/kinds.ts'

/** The settings of the provider `pass`. */
export const passSettings = section('pass', 'The standard password store (pass)', {
  store: field({
    name: 'pass-store',
    env: 'PASSWORD_STORE_DIR',
    schema: AbsolutePath.optional(),
    example: '/root/.password-store',
    summary: 'the folder of the store; left out: ~/.password-store',
    placeholder: 'FOLDER',
    driverOption: false,
  }),
  gnupgHome: field({
    name: 'pass-gnupg-home',
    env: 'GNUPGHOME',
    schema: AbsolutePath.optional(),
    example: '/root/.gnupg',
    summary: 'the folder of GnuPG; left out: ~/.gnupg',
    placeholder: 'FOLDER',
    file: true,
    driverOption: false,
  }),
})

/** The parsed settings of the provider `pass`. */
export type PassSettings = SettingsOf<typeof passSettings>
