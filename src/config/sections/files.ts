import { field, section } from '../../settings/field.ts'
import { Choice, List, Mode, OwnerText, Size } from '../../settings/kinds.ts'

/**
 * Returns the settings for written files. `variables` names two environment variables that differ between
 * commands.
 */
function fileFields(variables: { readonly maxFileSize: string; readonly policy: string }) {
  return {
    fileMode: field({
      name: 'file-mode',
      env: 'LOCKET_FILE_MODE',
      schema: Mode,
      default: '0600',
      summary: 'mode of each file',
      placeholder: 'MODE',
    }),
    dirMode: field({
      name: 'dir-mode',
      env: 'LOCKET_DIR_MODE',
      schema: Mode,
      default: '0700',
      summary: 'mode of each folder made for a file',
      placeholder: 'MODE',
    }),
    owner: field({
      name: 'user',
      env: 'LOCKET_FILE_OWNER',
      schema: OwnerText.optional(),
      example: '1000:1000',
      summary: 'owner of files and folders, `uid:gid` or `uid`; left out: the running user',
      brief: 'owner of files and folders, `uid:gid` or `uid`',
      placeholder: 'UID:GID',
    }),
    maxFileBytes: field({
      name: 'max-file-size',
      env: variables.maxFileSize,
      schema: Size,
      default: '10M',
      summary: 'largest template, and largest file rendered from one',
      placeholder: 'SIZE',
    }),
    policy: field({
      name: 'inject-failure-policy',
      env: variables.policy,
      schema: Choice(['error', 'passthrough', 'ignore']),
      default: 'error',
      summary:
        'the effect of a reference that fails: error (nothing is written), passthrough (its tag is written unchanged) or ignore (its file is left out)',
      brief:
        'a reference that fails: error, passthrough (its tag is written unchanged) or ignore (its file is left out)',
      placeholder: 'POLICY',
    }),
  }
}

/** The settings of single files, by the name of the secret. */
export const accessFields = {
  secretModes: field({
    name: 'secret-mode',
    env: 'LOCKET_SECRET_MODES',
    kind: 'list',
    takesNumbers: true,
    schema: List.optional(),
    example: 'NAME=0440',
    summary: 'mode of the file of one secret, in place of file-mode',
    placeholder: 'NAME=MODE',
  }),
  secretUsers: field({
    name: 'secret-user',
    env: 'LOCKET_SECRET_USERS',
    kind: 'list',
    takesNumbers: true,
    schema: List.optional(),
    example: 'NAME=1000:1000',
    summary: 'owner of the file of one secret, `uid:gid` or `uid`, in place of user',
    placeholder: 'NAME=UID:GID',
  }),
} as const

/** The section of commands that write files at paths that the user chooses. */
export const writtenSection = section(
  'files',
  'Files written',
  fileFields({ maxFileSize: 'MAX_FILE_SIZE', policy: 'INJECT_POLICY' }),
)

/** The section of `locket volume`: the files of a volume. */
export const volumeFilesSection = section('files', 'Files written', {
  layout: field({
    name: 'layout',
    env: 'LOCKET_VOLUME_DEFAULT_LAYOUT',
    schema: Choice(['plain', 'generations']),
    default: 'plain',
    summary:
      'plain: the volume holds the files; generations: it holds links to them through one link ..data, and all files change in one rename',
    brief: 'plain, or generations: all files change in one rename',
    placeholder: 'LAYOUT',
  }),
  rootMode: field({
    name: 'mode',
    env: 'LOCKET_VOLUME_DEFAULT_MOUNT_MODE',
    schema: Mode,
    default: '0700',
    summary: "mode of the volume's root folder",
    placeholder: 'MODE',
  }),
  ...fileFields({
    maxFileSize: 'LOCKET_VOLUME_DEFAULT_MAX_FILE_SIZE',
    policy: 'LOCKET_VOLUME_DEFAULT_INJECT_POLICY',
  }),
})
