import { field, section } from '../../settings/field.ts'
import { AbsolutePath, Choice, Duration, Switch } from '../../settings/kinds.ts'
import { refreshField } from './rendering.ts'
import { showField } from './secret.ts'

/** The settings of `locket inject` itself. */
export const injectSection = section('inject', 'locket inject', {
  mode: field({
    name: 'mode',
    env: 'LOCKET_INJECT_MODE',
    schema: Choice(['one-shot', 'watch', 'park'], 'file-mode and dir-mode set the modes of files'),
    default: 'one-shot',
    summary:
      'one-shot: write and end; watch: write again whenever a template or a value changes; park: write once and stay until SIGTERM',
    placeholder: 'MODE',
  }),
  refresh: refreshField('with mode watch: how often values are asked for again'),
  statusFile: field({
    name: 'status-file',
    env: 'LOCKET_STATUS_FILE',
    schema: AbsolutePath.optional(),
    example: '/dev/shm/locket/ready',
    summary: 'a file that exists only while every secret is in place, for `locket healthcheck`',
    placeholder: 'PATH',
  }),
  debounceMs: field({
    name: 'debounce',
    env: 'WATCH_DEBOUNCE',
    schema: Duration,
    default: '500ms',
    summary: 'how long a template must stay unchanged before its change takes effect',
    placeholder: 'DURATION',
  }),
  wipeOnExit: field({
    name: 'wipe-on-exit',
    env: 'LOCKET_INJECT_WIPE_ON_EXIT',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'with watch and park: overwrite and remove the written files when SIGTERM or SIGINT ends locket',
  }),
  show: showField,
})
