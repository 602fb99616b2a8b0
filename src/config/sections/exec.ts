import { field, section } from '../../settings/field.ts'
import { CommandChange, Duration, Names, Switch } from '../../settings/kinds.ts'
import { refreshField } from './rendering.ts'

/** The settings of `locket exec` itself. */
export const execSection = section('exec', 'locket exec', {
  watch: field({
    name: 'watch',
    env: 'LOCKET_EXEC_WATCH',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary:
      'watch the sources of variables and files: the command is restarted when a variable changes, and when it fails',
  }),
  refresh: refreshField('with --watch: how often values are asked for again'),
  onChange: field({
    name: 'on-change',
    env: 'LOCKET_EXEC_ON_CHANGE',
    schema: CommandChange.optional(),
    example: 'signal:SIGHUP',
    summary:
      'with --watch, what follows a change of variables or files: restart, signal:NAME such as signal:SIGHUP, or none; left out: restart when a variable has changed',
    placeholder: 'ACTION',
  }),
  interactive: field({
    name: 'interactive',
    env: 'LOCKET_EXEC_INTERACTIVE',
    kind: 'switch',
    schema: Switch.optional(),
    example: 'true',
    summary: 'give the command the terminal, if there is one; left out: true, or false with --watch',
  }),
  mayReplace: field({
    name: 'exec',
    env: 'LOCKET_EXEC_REPLACE',
    kind: 'switch',
    schema: Switch,
    default: 'true',
    summary:
      'let the command replace locket, unless there is a file to remove, a lease to revoke, or --watch, --mask, --signal-group or --no-interactive',
  }),
  timeoutMs: field({
    name: 'timeout',
    env: 'LOCKET_EXEC_TIMEOUT',
    schema: Duration,
    default: '30s',
    summary:
      'how long the command may take to end after SIGTERM, before SIGKILL; no effect when the command replaces locket',
    placeholder: 'DURATION',
  }),
  isGroupSignalled: field({
    name: 'signal-group',
    env: 'LOCKET_EXEC_SIGNAL_GROUP',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary:
      'pass signals on to the whole process group of the command, not to the command alone; no effect when it has the terminal',
  }),
  debounceMs: field({
    name: 'debounce',
    env: 'WATCH_DEBOUNCE',
    schema: Duration,
    default: '500ms',
    summary: 'how long a file must stay unchanged before its change takes effect',
    placeholder: 'DURATION',
  }),
  all: field({
    name: 'all',
    env: 'LOCKET_EXEC_ALL',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary:
      'every secret that the broker grants to this machine as a variable: DB_PASSWORD for db-password; --env replaces one of the same name',
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
      'variables that the command always inherits, with commas between them: also those that hold a credential of locket',
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
    summary: 'replace files that exist already, and keep them when the command ends',
  }),
  mask: field({
    name: 'mask',
    env: 'LOCKET_EXEC_MASK',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'show secret values in the output of the command as [secret]; no effect on a terminal',
  }),
})
