import { field, section } from '../../settings/field.ts'
import { Duration, Names, Switch } from '../../settings/kinds.ts'

export const execSection = section('exec', 'locket exec', {
  watch: field({
    name: 'watch',
    env: 'LOCKET_EXEC_WATCH',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary:
      'follow the files that variables and files come from: the command is started anew when a variable changes, and again when it fails',
  }),
  interactive: field({
    name: 'interactive',
    env: 'LOCKET_EXEC_INTERACTIVE',
    kind: 'switch',
    schema: Switch.optional(),
    example: 'true',
    summary: 'give the command the terminal, if there is one; true, but false with --watch',
  }),
  timeoutMs: field({
    name: 'timeout',
    env: 'LOCKET_EXEC_TIMEOUT',
    schema: Duration,
    default: '30s',
    summary: 'how long the command has to end after SIGTERM, until SIGKILL',
    placeholder: 'DURATION',
  }),
  isGroupSignalled: field({
    name: 'signal-group',
    env: 'LOCKET_EXEC_SIGNAL_GROUP',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary:
      'pass signals on to the whole process group of the command, not to the command alone; not where it has the terminal',
  }),
  debounceMs: field({
    name: 'debounce',
    env: 'WATCH_DEBOUNCE',
    schema: Duration,
    default: '500ms',
    summary: 'how long a file must rest before a change of it counts',
    placeholder: 'DURATION',
  }),
  cleanEnv: field({
    name: 'clean-env',
    env: 'LOCKET_EXEC_CLEAN_ENV',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary:
      'the command inherits no variable but HOME, LANG, LC_ALL, LOGNAME, PATH, SHELL, TERM, TZ, USER and those of --keep-env',
  }),
  keepEnv: field({
    name: 'keep-env',
    env: 'LOCKET_EXEC_KEEP_ENV',
    kind: 'list',
    schema: Names.optional(),
    example: 'SSH_AUTH_SOCK,TMPDIR',
    summary:
      'variables that the command inherits all the same, with commas between them: also those that hold a credential of locket',
    placeholder: 'NAMES',
  }),
  resolveEnv: field({
    name: 'resolve-env',
    env: 'LOCKET_EXEC_RESOLVE_ENV',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary:
      'resolve references in variables that are in the environment already (DB=op://…); --env replaces a variable of the same name',
  }),
  overwrite: field({
    name: 'overwrite',
    env: 'LOCKET_EXEC_OVERWRITE',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'replace files that are there already, and leave them when the command ends',
  }),
  mask: field({
    name: 'mask',
    env: 'LOCKET_EXEC_MASK',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'show secret values in the output of the command as [secret]; not on a terminal',
  }),
})
