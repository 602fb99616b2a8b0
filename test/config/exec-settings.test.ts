import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TABLES } from '../../src/cli/index.ts'
import { loadExec, EXEC } from '../../src/cli/exec.ts'
import { fieldsOf } from '../../src/settings/field.ts'
import { formatError, toLocketError } from '../../src/core/vocabulary/errors.ts'
import { row, testEachSetting, type CommandRow } from './each-setting.ts'

type Config = ReturnType<typeof load>

const BOOL = ['true', 'false'] as const
const FROM_TEST = { HELD: 'local://a', HOME: '/home/test', MINE: 'x', OP_CONNECT_TOKEN: 'y' }

/** The public names, as users have them in their files, and what each changes. */
const ROWS: readonly CommandRow<Config>[] = [
  row('all', 'LOCKET_EXEC_ALL', BOOL, [true, false], false, (it) => it.takesAll),
  row('watch', 'LOCKET_EXEC_WATCH', BOOL, [true, false], false, (it) => it.watch),
  row('refresh', 'LOCKET_REFRESH', ['30s', 'off'], [30_000, 'off'], 'auto', (it) => it.refreshing.refresh),
  row(
    'on-change',
    'LOCKET_EXEC_ON_CHANGE',
    ['signal:hup', 'NONE'],
    [{ signal: 'SIGHUP' }, 'none'],
    undefined,
    (it) => it.onChange,
  ),
  row(
    'interactive',
    'LOCKET_EXEC_INTERACTIVE',
    ['false', 'true'],
    [false, true],
    true,
    (it) => it.interactive,
  ),
  row('timeout', 'LOCKET_EXEC_TIMEOUT', ['5s', '1m'], [5000, 60_000], 30_000, (it) => it.timeoutMs),
  row('signal-group', 'LOCKET_EXEC_SIGNAL_GROUP', BOOL, [true, false], false, (it) => it.isGroupSignalled),
  row('debounce', 'WATCH_DEBOUNCE', ['1s', '20ms'], [1000, 20], 500, (it) => it.debounceMs),
  row(
    'resolve-env',
    'LOCKET_EXEC_RESOLVE_ENV',
    BOOL,
    [1, 0],
    0,
    (it) => it.entries.filter(({ origin }) => origin === 'environment HELD').length,
  ),
  row('overwrite', 'LOCKET_EXEC_OVERWRITE', BOOL, [true, false], false, (it) => it.overwrite),
  row('exec', 'LOCKET_EXEC_REPLACE', ['false', 'true'], [false, true], true, (it) => it.mayReplace),
  row('mask', 'LOCKET_EXEC_MASK', BOOL, [true, false], false, (it) => it.mask),
  row('clean-env', 'LOCKET_EXEC_CLEAN_ENV', BOOL, [false, true], true, (it) => 'MINE' in it.inherited),
  row(
    'keep-env',
    'LOCKET_EXEC_KEEP_ENV',
    ['OP_CONNECT_TOKEN', 'A,B'],
    ['y', undefined],
    undefined,
    (it) => it.inherited['OP_CONNECT_TOKEN'],
  ),
  row('env', 'LOCKET_ENV', ['A=1', './x'], [['A'], ['/here/x']], [], (it) => it.entries.map(shown)),
  row('env-file', 'LOCKET_ENV_FILE', ['a', '/b'], [['/here/a'], ['/b']], [], (it) => it.entries.map(shown)),
  row(
    'field-names',
    'LOCKET_FIELD_NAMES',
    ['keep', 'upper'],
    ['keep', 'upper'],
    'upper',
    (it) => it.rules.fieldNames,
  ),
  row('map', 'SECRET_MAP', ['/a:/b', 'c=/d'], [['/a'], ['/here/c']], [], (it) =>
    it.outputs.maps.map(({ source }) => source),
  ),
  row('secret', 'LOCKET_SECRETS', ['a=1', 'b=2'], [['a'], ['b']], [], (it) =>
    it.outputs.secrets.map(({ name }) => name),
  ),
  row(
    'secret-mode',
    'LOCKET_SECRET_MODES',
    ['a=0440', 'a=0400'],
    [0o440, 0o400],
    undefined,
    (it) => it.outputs.secrets[0]?.access?.mode,
    ['--secret=a=x'],
  ),
  row(
    'secret-user',
    'LOCKET_SECRET_USERS',
    ['a=1:2', 'a=3'],
    [2, 3],
    undefined,
    (it) => it.outputs.secrets[0]?.access?.owner?.gid,
    ['--secret=a=x'],
  ),
  row('out', 'DEFAULT_SECRET_DIR', ['/a', '/b'], ['/a', '/b'], '/run/secrets/locket', (it) => it.outputs.out),
  row('file-mode', 'LOCKET_FILE_MODE', ['0440', '0400'], [0o440, 0o400], 0o600, (it) => it.placing.fileMode),
  row('dir-mode', 'LOCKET_DIR_MODE', ['0750', '0500'], [0o750, 0o500], 0o700, (it) => it.placing.dirMode),
  row('user', 'LOCKET_FILE_OWNER', ['1:2', '3'], [2, 3], undefined, (it) => it.placing.owner?.gid),
  row(
    'max-file-size',
    'MAX_FILE_SIZE',
    ['1K', '2M'],
    [1024, 2 ** 21],
    10 * 2 ** 20,
    (it) => it.rules.maxFileBytes,
  ),
  row(
    'inject-failure-policy',
    'INJECT_POLICY',
    ['ignore', 'passthrough'],
    ['ignore', 'passthrough'],
    'error',
    (it) => it.policy,
  ),
]

// The settings of a mapping file have rows in mapping.test.ts.
const OWN = Object.values(EXEC).filter((section) => section !== EXEC.mapping)
testEachSetting('exec', fieldsOf(OWN), ROWS, load)

test('with --watch a command has no terminal, unless that is asked for', () => {
  assert.equal(load(['--watch'], {}).interactive, false)
  assert.equal(load(['--watch', '--interactive'], {}).interactive, true)
})

test('-e is short for --env, and flags of the command are its own', () => {
  const config = loadExec({
    argv: ['-e', 'A=1', '--', 'node', '-e', 'B=2', '--watch', '--', '--no-such-flag'],
    env: {},
    isRoot: true,
    uid: 0,
    name: 'exec',
    cwd: '/here',
    tables: TABLES,
  })
  assert.deepEqual(config.config.entries.map(shown), ['A'])
  assert.deepEqual(config.config.command, ['node', '-e', 'B=2', '--watch', '--', '--no-such-flag'])
  assert.equal(config.config.watch, false)
})

test('an unknown flag is reported with the nearest one', () => {
  assert.match(refusal(['--wach']), /locket exec has no flag --wach .*--watch/)
  assert.match(refusal(['--timeout', '5']), /flag --timeout: .*add a unit/)
})

function refusal(argv: readonly string[]): string {
  try {
    load(argv, {})
  } catch (thrown) {
    return formatError(toLocketError(thrown))
  }
  throw new assert.AssertionError({ message: 'it was accepted' })
}

function shown(entry: Config['entries'][number]): string {
  return entry.kind === 'file' ? entry.path : entry.name
}

function load(argv: readonly string[], env: Record<string, string>) {
  const context = {
    env: { ...FROM_TEST, ...env },
    isRoot: true,
    uid: 0,
    name: 'exec',
    cwd: '/here',
    tables: TABLES,
  }
  const { config, lister } = loadExec({ ...context, argv: [...argv, '--', 'true'] })
  return { ...config, takesAll: lister !== undefined }
}
