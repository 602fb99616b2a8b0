import assert from 'node:assert/strict'
import { chmod, chown, readdir, readFile, stat, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startBaoServer } from '../../fixtures/servers/bao.ts'
import { mountOf } from '../../fixtures/servers/bao-data.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { PASSWORD } from '../exec/exec-command.ts'
import { hookWorld, says } from './hook-world.ts'

const MAPPING = '[secrets]\nDB_PASSWORD = "{{ local://db/password }}"\n'
const HOOK = ['hook', 'bash', '--variables'] as const
const stateOf = (code: string) => /__locket_seen=(\w*)/.exec(code)?.[1] ?? assert.fail(code)

test('a state that has not changed prints nothing, and each change prints the whole again', async (t) => {
  const { folder, put, locket } = await hookWorld(t)
  assert.deepEqual(await locket('project', ...HOOK), { code: 0, stdout: '', stderr: '' })
  await put('project/locket.toml', MAPPING)
  const asks = await locket('project', ...HOOK)
  assert.equal(asks.code, 78)
  assert.match(asks.stdout, /^__locket_leave\n__locket_seen=[0-9a-f]{32}\n$/)
  assert.match(asks.stderr, /^locket: FOLDER\/project\/locket.toml is not allowed yet/)
  assert.equal((await locket('project', ...HOOK, '--seen', stateOf(asks.stdout))).stderr, '')
  await locket('project', 'allow')
  const sets = await locket('project/sub', ...HOOK, '--seen', stateOf(asks.stdout))
  assert.match(
    sets.stdout,
    new RegExp(`^__locket_leave\n__locket_seen=\\w+\n__locket_set DB_PASSWORD '${PASSWORD}'\n$`),
  )
  assert.equal(sets.stderr, 'locket: 1 variable of FOLDER/project/locket.toml\n')
  const seen = stateOf(sets.stdout)
  assert.equal((await locket('project', ...HOOK, '--seen', seen)).stdout, '')
  assert.equal(
    (await locket('elsewhere', ...HOOK, '--seen', seen)).stdout,
    '__locket_leave\n__locket_seen=\n',
  )
  await put('project/locket.local.toml', '[secrets]\nB = "{{ local://api/token }}"\n')
  assert.match((await locket('project', ...HOOK, '--seen', seen)).stderr, /has changed since it was allowed/)
  await unlink(join(folder, 'project/locket.local.toml'))
  assert.equal((await locket('project', ...HOOK, '--seen', seen)).stdout, '')
})

test('a provider that hangs costs one wait and one line, and is not asked again', async (t) => {
  const world = await startBaoServer({
    data: { mounts: [mountOf('secret', 2, { app: { key: 'canary-hook-bao' } })] },
    tokens: { token: {} },
  })
  t.after(() => world[Symbol.asyncDispose]())
  world.knobs.trouble = 'hang'
  const env = { BAO_URL: world.url, BAO_TOKEN: 'token', LOCKET_HOOK_TIMEOUT: '3s' }
  const { put, locket, open } = await hookWorld(t, env)
  await put('project/locket.toml', '[secrets]\nKEY = "{{ bao://secret/app/key }}"\n')
  await locket('project', 'allow')
  const shell = await open('bash')
  await says(shell, 'cd ../project', /locket: bao:\/\/secret\/app\/key: no answer within 3000 ms/)
  await says(shell, 'echo usable=$((20+3))', /usable=23/)
  const asked = world.requests.length
  assert.ok(asked > 0)
  await says(shell, 'cd sub; echo still=$((20+4)), ${KEY-none}', /still=24, none/)
  assert.equal(world.requests.length, asked)
  world.knobs.trouble = 'none'
  await says(shell, 'unset LOCKET_HOOK_TIMEOUT; locket allow', /allowed /)
  await says(shell, 'echo key=$KEY.', /key=canary-hook-bao\./)
})

test('variables that a shell or a program obeys are refused by name, the whole file with them', async (t) => {
  const { put, locket } = await hookWorld(t)
  const names = ['PATH', 'LD_PRELOAD', 'BASH_ENV', 'PROMPT_COMMAND', 'PS1', 'ZDOTDIR', 'NODE_OPTIONS', 'STTY']
  for (const name of [
    ...names,
    'fish_trace',
    'path',
    'A.B',
    'GIT_SSH_COMMAND',
    'LOCKET_CONFIG',
    'UID',
    'BASHPID',
  ]) {
    await put('project/locket.toml', `${MAPPING}"${name}" = "{{ local://api/token }}"\n`)
    const { code, stderr } = await locket('project', 'allow')
    assert.equal(code, 78, name)
    assert.match(stderr, new RegExp(`locket\\.toml line 3 ${name.replace('.', '\\.')} .*hook`), stderr)
    assert.equal(stderr.trim().split('\n').length, 1)
  }
  await put('project/locket.toml', `${MAPPING}[production.secrets]\nPATH = "{{ local://api/token }}"\n`)
  assert.equal((await locket('project', 'allow')).code, 0)
  const overlaid = await locket('project', ...HOOK, '--environment', 'production')
  assert.equal(overlaid.code, 78)
  assert.doesNotMatch(overlaid.stdout, /__locket_set/)
  assert.match(overlaid.stderr, /line 4 PATH changes how programs find or run code/)
})

test('a file that others can write, or that is theirs, is not used, and neither is such a record', async (t) => {
  const { folder, put, locket, home } = await hookWorld(t)
  const file = await put('project/locket.toml', MAPPING)
  await chmod(file, 0o666)
  assert.match((await locket('project', ...HOOK)).stderr, /others? .*can write it/)
  await chmod(file, 0o644)
  if (process.getuid?.() === 0) {
    await chown(file, 4321, 4321)
    assert.match((await locket('project', 'allow')).stderr, /belongs to the user 4321/)
    await chown(file, 0, 0)
  }
  assert.equal((await locket('.', 'allow', 'project')).code, 0)
  const records = join(home, '.local/state/locket/allowed')
  const [record = ''] = await readdir(records)
  const path = join(records, record)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal((await stat(records)).mode & 0o777, 0o700)
  await chmod(path, 0o644)
  const open = await locket('project', ...HOOK)
  assert.match(open.stderr, /is not used: other users can read or write it/)
  assert.doesNotMatch(open.stdout, /__locket_set/)
  await chmod(path, 0o600)
  assert.match((await locket('project', ...HOOK)).stdout, /__locket_set/)
  await unlink(path)
  await symlink(join(folder, 'elsewhere'), path)
  assert.doesNotMatch((await locket('project', ...HOOK)).stdout, /__locket_set/)
})

test('no value is on a disk, and allow names what is wrong', async (t) => {
  const { folder, put, locket } = await hookWorld(t)
  const wrong = await locket('elsewhere', 'allow')
  assert.match(wrong.stderr, /there is no mapping file in FOLDER\/elsewhere or above it/)
  await put('project/locket.toml', '[secrets]\nA = "plain"\n')
  assert.match((await locket('project', 'allow')).stderr, /line 2 A: it has no reference/)
  await put('project/locket.toml', MAPPING)
  await put('project/.keyzero.toml', MAPPING)
  const other = await locket('.', 'allow', 'project/.keyzero.toml')
  assert.match(
    other.stderr,
    /a hook does not use FOLDER\/project\/.keyzero.toml: .* uses FOLDER\/project\/locket.toml/,
  )
  await locket('.', 'allow', 'project/locket.toml')
  assert.match((await locket('project', ...HOOK)).stdout, /__locket_set/)
  for (const name of await readdir(join(folder, 'home'), { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue
    assertNoSecret(await readFile(join(name.parentPath, name.name)), [PASSWORD], name.name)
  }
  assert.match((await locket('.', 'hook', 'tcsh')).stderr, /locket: hook takes one of bash, zsh, fish/)
})
