import { row } from './row.ts'

const UNRESOLVED = { left: 'text', policy: 'text', error: 'text' } as const

/** The events of all commands but the daemon. They are rows of EVENTS. */
export const COMMAND_EVENTS = {
  // locket export
  'export.misread': row('warn', '{reader} reads these variables wrongly: use another format for it', {
    reader: 'text',
    variables: 'texts',
  }),
  // The command line
  'flags.exposed': row(
    'warn',
    'every user of this machine can read a credential on the command line: give it by its variable, or as file:/path',
    { flags: 'texts' },
  ),
  // locket exec
  'mapping.used': row('info', 'variables come from a mapping file', {
    files: 'texts',
    variables: 'number',
  }),
  'exec.nothing': row(
    'warn',
    'the command gets no secret: name variables with --env or --env-file, and files with --secret or --map',
    {},
  ),
  'exec.warning': row('warn', 'a template may hold a mistake', { warning: 'text' }),
  'exec.env-references': row(
    'warn',
    'variables of the environment hold references and are passed on unchanged: --resolve-env resolves them',
    { variables: 'texts' },
  ),
  'exec.unresolved': row('warn', 'references without a value: {left}', UNRESOLVED),
  'exec.mask.unfit': row('warn', 'a value of less than 4 bytes or more than 256 KiB is not masked', {
    references: 'texts',
  }),
  'exec.traceable': row('debug', 'other processes of this user can trace locket', { error: 'text' }),
  'exec.files': row('info', 'files were written again', { changed: 'number' }),
  'exec.replaced': row('info', 'variables have changed: the command is stopped and started again', {}),
  'exec.signalled': row('info', 'a change is in place: {signal} was sent to the command', { signal: 'text' }),
  'exec.variables.later': row('info', 'variables have changed: the command gets them at its next start', {}),
  'exec.kept': row('error', 'a change could not be applied: the command keeps running unchanged', {
    code: 'text',
    error: 'text',
  }),
  'exec.recovered': row('info', 'the change is applied now', {}),
  'exec.failed': row('warn', 'the command has ended and is started again', {
    code: 'number',
    pauseMs: 'number',
  }),
  'exec.not-started': row('error', 'the command could not be started', { error: 'text' }),
  'exec.killed': row('warn', 'the command did not end in time and is killed', {
    timeoutMs: 'number',
  }),
  'exec.files.left': row('error', 'files of the command could not be removed', { error: 'text' }),
  // locket inject
  'inject.warning': row('warn', 'a template may hold a mistake', { warning: 'text' }),
  'inject.missing': row('warn', 'a template does not exist, so its file does not exist either', {
    source: 'text',
  }),
  'inject.unresolved': row('warn', 'references without a value: {left}', UNRESOLVED),
  'inject.written': row('info', 'files are in place', { files: 'number', changed: 'number', ms: 'number' }),
  'inject.printed': row('info', 'wrote the rendered template to standard output', { ms: 'number' }),
  'inject.removed': row('info', 'removed a file whose template is gone', { file: 'text' }),
  'inject.failed': row('error', 'the files could not be written again and stay unchanged', {
    code: 'text',
    error: 'text',
  }),
  'inject.recovered': row('info', 'the files were written again after a failure', {}),
  'inject.wiped': row('info', 'removed what was written', { files: 'number' }),
  // Every command that renders
  'render.waiting': row('info', 'waiting for an answer of {providers}: {seconds} s are left', {
    providers: 'text',
    seconds: 'number',
  }),
  'render.waiting.again': row(
    'info',
    'trying again, {seconds} s are left: {error}',
    { error: 'text', seconds: 'number' },
    'render.waiting',
  ),
  // locket export and locket compose
  'template.warning': row('warn', 'a template looks like a mistake', { where: 'text', warning: 'text' }),
  'compose.remark': row('info', '{remark}', { remark: 'text' }),
  'compose.set': row('info', 'all variables have a value', { count: 'number' }),
}
