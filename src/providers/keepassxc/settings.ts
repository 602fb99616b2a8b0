import { field, section, type SettingsOf } from '../../settings/field.ts'
import { AbsolutePath, CredentialText } from '../../settings/kinds.ts'

/** The settings of the provider `keepassxc`. */
export const keepassxcSettings = section('keepassxc', 'KeePassXC', {
  database: field({
    name: 'keepassxc-database',
    env: 'KEEPASSXC_DATABASE',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/secrets.kdbx',
    summary: 'the file of the database',
    placeholder: 'FILE',
    file: true,
    driverOption: false,
  }),
  password: field({
    name: 'keepassxc-password',
    env: 'KEEPASSXC_PASSWORD',
    schema: CredentialText.optional(),
    summary: 'its password; left out: the key file alone opens it',
    placeholder: 'PASSWORD',
    credential: true,
    driverOption: false,
  }),
  keyFile: field({
    name: 'keepassxc-key-file',
    env: 'KEEPASSXC_KEY_FILE',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/secrets.keyx',
    summary: 'its key file',
    placeholder: 'FILE',
    file: true,
    driverOption: false,
  }),
})

/** The parsed settings of the provider `keepassxc`. */
export type KeepassxcSettings = SettingsOf<typeof keepassxcSettings>
