import { field, section, type Section } from '../../settings/field.ts'
import {
  CacheAge,
  ChangeAction,
  Duration,
  List,
  MountFlagWords,
  SelinuxContext,
  TmpfsSize,
  Switch,
} from '../../settings/kinds.ts'
import { configFileSection } from './config-file.ts'
import { adminSection, ceilingSection, daemonSection, swarmSection } from './daemon.ts'
import { accessFields, volumeFilesSection } from './files.ts'
import { auditSection, logSection } from './log.ts'
import { PROVIDER_SECTIONS, providerSection, refreshField } from './rendering.ts'

/** The settings of a volume. A daemon has them as defaults, driver options replace them. */
export const volumeSection = section('volume', 'Volumes', {
  secrets: field({
    name: 'secret',
    aliases: ['secrets'],
    env: 'LOCKET_VOLUME_DEFAULT_SECRETS',
    kind: 'list',
    schema: List.optional(),
    example: 'NAME={{ local://path/to/name }}',
    summary:
      'a file of every volume: NAME=TEMPLATE or NAME=@/path/to/template; a file of the same name in a volume replaces it',
    brief: 'a file of every volume: NAME=TEMPLATE or NAME=@/path/to/template',
    placeholder: 'NAME=TEMPLATE',
  }),
  secretModes: { ...accessFields.secretModes, env: 'LOCKET_VOLUME_DEFAULT_SECRET_MODES' },
  secretUsers: { ...accessFields.secretUsers, env: 'LOCKET_VOLUME_DEFAULT_SECRET_USERS' },
  watch: field({
    name: 'watch',
    env: 'LOCKET_VOLUME_DEFAULT_WATCH',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'render again when a template file changes',
  }),
  refresh: refreshField('how often the values of a mounted volume are asked for again'),
  cache: field({
    name: 'cache',
    env: 'LOCKET_CACHE',
    schema: CacheAge,
    default: 'off',
    summary:
      'keep the values encrypted on the disk of the host, for a mount while the provider is out of reach: their maximum age, such as 24h, or off',
    brief: 'keep values encrypted on disk for an outage: their maximum age, or off',
    placeholder: 'DURATION',
  }),
  onChange: field({
    name: 'on-change',
    env: 'LOCKET_VOLUME_DEFAULT_ON_CHANGE',
    schema: ChangeAction,
    default: 'off',
    example: 'signal:SIGHUP',
    summary:
      'the action when new content is in place: signal:SIGHUP, restart or exec:COMMAND for the containers that use it, touch:FILE in the volume, or off',
    brief:
      'the action on new content: signal:SIGHUP, restart or exec:COMMAND for containers, touch:FILE, or off',
    placeholder: 'ACTION',
  }),
  mountTimeoutMs: field({
    name: 'mount-timeout',
    env: 'LOCKET_VOLUME_DEFAULT_MOUNT_TIMEOUT',
    schema: Duration.refine((ms) => ms > 0, 'must be longer than 0').optional(),
    example: '25s',
    summary:
      'how long a mount waits for its provider; left out: 25s, and 100s in the first ten minutes after a boot',
    brief: 'how long a mount waits for its provider',
    placeholder: 'DURATION',
  }),
})

/**
 * The mount options of a volume. `host/mounts/mount-table.ts` receives the whole section by these names and
 * obeys it.
 */
export const tmpfsSection = section('tmpfs', 'Tmpfs of a volume', {
  sizeBytes: field({
    name: 'size',
    env: 'LOCKET_VOLUME_DEFAULT_MOUNT_SIZE',
    schema: TmpfsSize,
    default: '10M',
    summary: 'size of the tmpfs',
    placeholder: 'SIZE',
  }),
  flags: field({
    name: 'flags',
    env: 'LOCKET_VOLUME_DEFAULT_MOUNT_FLAGS',
    schema: MountFlagWords,
    default: 'rw,noexec,nosuid,nodev',
    summary:
      'mount flags, joined by commas; noexec, nosuid and nodev stay unless exec, suid or dev is named; ro has no effect: mount the volume read-only in the container instead',
    brief: 'mount flags, joined by commas',
    placeholder: 'FLAGS',
  }),
  selinuxContext: field({
    name: 'selinux-context',
    env: 'LOCKET_VOLUME_DEFAULT_SELINUX_CONTEXT',
    schema: SelinuxContext.optional(),
    example: 'system_u:object_r:container_file_t:s0',
    summary: 'SELinux context of the tmpfs',
    placeholder: 'CONTEXT',
  }),
  allowSwap: field({
    name: 'allow-swap',
    env: 'LOCKET_VOLUME_DEFAULT_ALLOW_SWAP',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'mount even where the kernel cannot keep the tmpfs out of swap',
  }),
})

/** All sections of `locket volume`, in the order of help and reference. */
export const VOLUME_SECTIONS: readonly Section[] = [
  volumeSection,
  tmpfsSection,
  volumeFilesSection,
  providerSection,
  ...PROVIDER_SECTIONS,
  daemonSection,
  adminSection,
  ceilingSection,
  swarmSection,
  auditSection,
  configFileSection,
  logSection,
]
