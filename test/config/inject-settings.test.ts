import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fieldsOf, INJECT } from '../../src/config/commands.ts'
import { loadRendering } from '../../src/config/load-rendering.ts'
import { fieldKind, type Field } from '../../src/settings/field.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-inject-settings-'))
after(() => rmSync(folder, { recursive: true }))

type Loaded = ReturnType<typeof load>

interface Row {
  readonly flag: string
  readonly env: string
  readonly texts: readonly [string, string]
  readonly seen: readonly [unknown, unknown]
  readonly byDefault: unknown
  readonly read: (settings: Loaded) => unknown
}

/** The public names, as users have them in their files. */
const ROWS: readonly Row[] = [
  row('map', 'SECRET_MAP', ['/a:/b', '/c=/d'], [['/a:/b'], ['/c=/d']], undefined, (it) => it.outputs.maps),
  row('secret', 'LOCKET_SECRETS', ['a=1', 'b=2'], [['a=1'], ['b=2']], undefined, (it) => it.outputs.secrets),
  row('out', 'DEFAULT_SECRET_DIR', ['/a', '/b'], ['/a', '/b'], '/run/secrets/locket', (it) => it.outputs.out),
  row('mode', 'LOCKET_INJECT_MODE', ['park', 'watch'], ['park', 'watch'], 'one-shot', (it) => it.inject.mode),
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

const FIELDS = fieldsOf(Object.values(INJECT))

test('every setting of inject has a row here, and every row a setting', () => {
  const names = ({ name, env }: Field) => `${name} ${env}`
  assert.deepEqual(ROWS.map(({ flag, env }) => `${flag} ${env}`).toSorted(), FIELDS.map(names).toSorted())
})

for (const { flag, env, texts, seen, byDefault, read } of ROWS) {
  test(`${flag}: its default, and TOML below ${env} below the flag`, () => {
    const [first, second] = texts
    assert.deepEqual(read(load([], {})), byDefault)
    const file = ['--config', toml(flag, first)]
    assert.deepEqual(read(load(file, {})), seen[0])
    assert.deepEqual(read(load(file, { [env]: second })), seen[1])
    assert.deepEqual(read(load([...file, `--${flag}=${first}`], { [env]: second })), seen[0])
    assert.deepEqual(read(load([`--${flag}=${second}`], {})), seen[1])
  })
}

function row(
  flag: string,
  env: string,
  texts: Row['texts'],
  seen: Row['seen'],
  byDefault: unknown,
  read: Row['read'],
): Row {
  return { flag, env, texts, seen, byDefault, read }
}

function load(argv: readonly string[], env: Record<string, string>) {
  return loadRendering({ name: 'inject', table: 'inject', sections: INJECT, argv, env }).settings
}

function toml(name: string, text: string): string {
  const field = FIELDS.find((candidate) => candidate.name === name)
  const value = field !== undefined && fieldKind(field) === 'list' ? [text] : text
  const path = join(folder, `${name}.toml`)
  writeFileSync(path, `[inject]\n${name} = ${JSON.stringify(value)}\n`)
  return path
}
