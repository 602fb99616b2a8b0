import { fieldsOf } from '../../src/settings/field.ts'
import { TABLES } from '../../src/cli/index.ts'
import { INJECT } from '../../src/cli/inject.ts'
import { loadRendering } from '../../src/config/load-rendering.ts'
import { row, testEachSetting, type CommandRow } from './each-setting.ts'

type Loaded = ReturnType<typeof load>

/** The public names, as users have them in their files. */
const ROWS: readonly CommandRow<Loaded>[] = [
  row('map', 'SECRET_MAP', ['/a:/b', '/c=/d'], [['/a:/b'], ['/c=/d']], undefined, (it) => it.outputs.maps),
  row('secret', 'LOCKET_SECRETS', ['a=1', 'b=2'], [['a=1'], ['b=2']], undefined, (it) => it.outputs.secrets),
  row(
    'secret-mode',
    'LOCKET_SECRET_MODES',
    ['a=0440', 'b=0400'],
    [['a=0440'], ['b=0400']],
    undefined,
    (it) => it.outputs.secretModes,
  ),
  row(
    'secret-user',
    'LOCKET_SECRET_USERS',
    ['a=1:2', 'b=3'],
    [['a=1:2'], ['b=3']],
    undefined,
    (it) => it.outputs.secretUsers,
  ),
  row('out', 'DEFAULT_SECRET_DIR', ['/a', '/b'], ['/a', '/b'], '/run/secrets/locket', (it) => it.outputs.out),
  row('mode', 'LOCKET_INJECT_MODE', ['park', 'watch'], ['park', 'watch'], 'one-shot', (it) => it.inject.mode),
  row('refresh', 'LOCKET_REFRESH', ['30s', 'off'], [30_000, 'off'], 'auto', (it) => it.inject.refresh),
  row(
    'status-file',
    'LOCKET_STATUS_FILE',
    ['/a', '/b'],
    ['/a', '/b'],
    undefined,
    (it) => it.inject.statusFile,
  ),
  row('debounce', 'WATCH_DEBOUNCE', ['1s', '20ms'], [1000, 20], 500, (it) => it.inject.debounceMs),
  row(
    'wipe-on-exit',
    'LOCKET_INJECT_WIPE_ON_EXIT',
    ['true', 'false'],
    [true, false],
    false,
    (it) => it.inject.wipeOnExit,
  ),
  row('file-mode', 'LOCKET_FILE_MODE', ['0440', '0400'], [0o440, 0o400], 0o600, (it) => it.files.fileMode),
  row('dir-mode', 'LOCKET_DIR_MODE', ['0750', '0500'], [0o750, 0o500], 0o700, (it) => it.files.dirMode),
  row(
    'user',
    'LOCKET_FILE_OWNER',
    ['1:2', '3'],
    [
      { uid: 1, gid: 2 },
      { uid: 3, gid: 3 },
    ],
    undefined,
    (it) => it.files.owner,
  ),
  row(
    'max-file-size',
    'MAX_FILE_SIZE',
    ['1K', '2M'],
    [1024, 2_097_152],
    10_485_760,
    (it) => it.files.maxFileBytes,
  ),
  row(
    'inject-failure-policy',
    'INJECT_POLICY',
    ['ignore', 'passthrough'],
    ['ignore', 'passthrough'],
    'error',
    (it) => it.files.policy,
  ),
]

/** The flag --show has no other source. */
const FIELDS = fieldsOf(Object.values(INJECT)).filter((field) => field.toml !== false)

testEachSetting('inject', FIELDS, ROWS, load)

function load(argv: readonly string[], env: Record<string, string>) {
  return loadRendering({ name: 'inject', sections: INJECT, argv, env, tables: TABLES }).settings
}
