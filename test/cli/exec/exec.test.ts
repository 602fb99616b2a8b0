import assert from 'node:assert/strict'
import { chmod, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { BOTH_WAYS, execWorld, isAlive, OWN, PASSWORD, program, startProcess, TOKEN } from './exec-command.ts'
import { MAIN } from '../../support/program.ts'

const A_PASSWORD = 'A={{ local://db/password }}'

test('variables come from .env files, -e and templates, and later ones replace earlier ones', async (t) => {
  const { exec, put } = await execWorld(t)
  await put('.env', 'A=first\nURL=postgres://u:{{ local://db/password }}@h/d\nB=from file\n')
  const template = await put('template', '{{ local://api/token }}')
  const { code, stdout, stderr } = await exec([
    '--env',
    '.env',
    '-e',
    A_PASSWORD,
    '-e',
    `T=@${template}`,
    '--',
    ...program('print-env'),
    'A',
    'B',
    'URL',
    'T',
  ])
  assert.equal(stdout, `A=${PASSWORD}\nB=from file\nURL=postgres://u:${PASSWORD}@h/d\nT=${TOKEN}\n`)
  assert.equal(code, 0)
  assert.equal(stderr, '')
})

test('a variable may have dots and dashes in its name, and its template a relative path', async (t) => {
  const { exec, put } = await execWorld(t)
  await put('app.env', 'x-y.z={{ local://api/token }}\n')
  await put('sub/template', 'type {{ local://db/password }}')
  const entries = ['-e', 'app.env', '-e', 'discovery.type=@sub/template']
  const { code, stdout } = await exec([...entries, '--', ...program('print-env'), 'discovery.type', 'x-y.z'])
  assert.equal(stdout, `discovery.type=type ${PASSWORD}\nx-y.z=${TOKEN}\n`)
  assert.equal(code, 0)
})

test('nothing starts when a reference fails, and it is named', async (t) => {
  const { exec, folder } = await execWorld(t)
  const mark = join(folder, 'mark')
  const { code, stdout, stderr } = await exec([
    '-e',
    A_PASSWORD,
    '-e',
    'B={{ local://db/nothing }}',
    '--secret',
    'f={{ local://api/token }}',
    '--out',
    join(folder, 'out'),
    '--',
    'touch',
    mark,
  ])
  assert.equal(code, 66)
  assert.equal(stdout, '')
  assert.match(stderr, /local:\/\/db\/nothing/)
  assert.deepEqual((await readdir(folder)).toSorted(), ['store'])
})

test('--resolve-env resolves references in the environment; without it they are a warning', async (t) => {
  const { exec } = await execWorld(t)
  const env = {
    DB: 'local://db/password',
    URL: 'postgres://u:{{ local://api/token }}@h/d',
    REPLACED: 'local://nothing',
    ID: '3832b656-a93b-45ad-bdfa-b267016802c3',
    PLAIN: 'see local://db/password',
    HTTP: 'https://a/b',
    LOCKET_ENV: 'OWN={{ local://api/token }}',
  }
  const names = ['DB', 'URL', 'REPLACED', 'ID', 'PLAIN', 'HTTP', 'OWN']
  const command = ['-e', 'OWN={{ local://api/token }}', '-e', 'REPLACED=mine', '--', ...program('print-env')]
  const resolved = await exec(['--resolve-env', ...command, ...names], env)
  assert.equal(
    resolved.stdout,
    `DB=${PASSWORD}\nURL=postgres://u:${TOKEN}@h/d\nREPLACED=mine\nID=${env.ID}\nPLAIN=${env.PLAIN}\nHTTP=${env.HTTP}\nOWN=${TOKEN}\n`,
  )
  assert.equal(resolved.stderr, '')
  const left = await exec([...command, 'DB', 'URL'], env)
  assert.equal(left.stdout, `DB=${env.DB}\nURL=${env.URL}\n`)
  assert.match(left.stderr, /WARN exec\.env-references .*--resolve-env.* variables=.*DB.*URL/)
  assert.doesNotMatch(left.stderr, /REPLACED|PLAIN|LOCKET_ENV/)
  const failed = await exec(['--resolve-env', '--', 'true'], { DB: 'local://db/nothing' })
  assert.equal(failed.code, 66)
})

test('a value that no environment can hold starts nothing', async (t) => {
  const { exec, keep } = await execWorld(t)
  await keep('db/password', 'canary\0nul')
  const { code, stderr } = await exec(['-e', A_PASSWORD, '--', 'true'])
  assert.equal(code, 65)
  assert.match(stderr, /flag --env A: the value holds a NUL byte/)
})

for (const way of BOTH_WAYS) {
  test(`the exit code of the command is the one of locket (${way})`, async (t) => {
    const { exec, put, folder } = await execWorld(t)
    for (const wanted of [0, 1, 42, 64, 255])
      assert.equal((await exec([way, '--', ...program('exit-with'), String(wanted)])).code, wanted)
    for (const [signal, number] of [
      ['TERM', 15],
      ['KILL', 9],
      ['SEGV', 11],
      ['USR1', 10],
    ] as const)
      assert.equal((await exec([way, '--', 'sh', '-c', `kill -${signal} $$`])).code, 128 + number, signal)
    const script = await put('script', '#!/no/such/interpreter\n')
    await chmod(script, 0o755)
    await put('text', 'no program')
    for (const [command, code, message] of [
      [
        'no-such-command',
        127,
        /there is no command no-such-command \(it is looked for in the folders of its PATH\)/,
      ],
      ['./no/such', 127, /there is no command \.\/no\/such$/],
      ['', 127, /there is no such command/],
      ['PASSWORD=x y', 127, /there is no such command/],
      ['./text', 126, /cannot start command \.\/text: it is not an executable file/],
      [folder, 126, /it is not an executable file/],
      ['./script', 126, /its interpreter is not there/],
    ] as const) {
      const { code: ended, stderr } = await exec([way, '--', command])
      assert.equal(ended, code, command)
      assert.match(stderr.trim(), message)
    }
  })
}

test('a value that is too large for an environment is reported', async (t) => {
  const { exec, keep } = await execWorld(t)
  await keep('db/password', 'x'.repeat(131_072))
  const { code, stderr } = await exec(['-e', A_PASSWORD, '--', 'true'])
  assert.equal(code, 126)
  assert.match(stderr, /variable A is too large \(the kernel takes at most 128 KiB/)
})

test('a command line without -- or without a command is refused, and not repeated', async (t) => {
  const { exec } = await execWorld(t)
  for (const args of [[], ['--'], [PASSWORD], ['-e', 'A=b', 'node', PASSWORD]]) {
    const { code, stderr } = await exec(args)
    assert.equal(code, 64)
    assert.match(stderr, /needs `--` and then a command/)
  }
})

test('the command inherits everything but the credentials of locket', async (t) => {
  const { exec, env } = await execWorld(t)
  const own = {
    OP_CONNECT_TOKEN: OWN,
    INFISICAL_CLIENT_SECRET_FILE: '/nowhere',
    INFISICAL_CLIENT_ID: OWN,
    OP_CONNECT_HOST: 'http://connect.test',
    LOCKET_LOG_LEVEL: 'warn',
    MINE: 'kept',
  }
  const inherited = async (args: readonly string[]) => {
    const { stdout } = await exec([...args, '-e', A_PASSWORD, '--', ...program('print-env')], own)
    return JSON.parse(stdout) as Record<string, string>
  }
  const { OP_CONNECT_HOST, LOCKET_LOG_LEVEL, MINE } = own
  assert.deepEqual(await inherited([]), {
    ...env,
    OP_CONNECT_HOST,
    LOCKET_LOG_LEVEL,
    MINE,
    A: PASSWORD,
  })
  const { PATH } = env
  assert.deepEqual(await inherited(['--clean-env']), { PATH, A: PASSWORD })
  assert.deepEqual(await inherited(['--clean-env', '--keep-env', 'MINE, OP_CONNECT_TOKEN']), {
    PATH,
    MINE,
    OP_CONNECT_TOKEN: OWN,
    A: PASSWORD,
  })
  assert.equal((await inherited(['--keep-env=OP_CONNECT_TOKEN']))['OP_CONNECT_TOKEN'], OWN)
})

test('neither arguments nor values are in the log, nor in what others see of the process', async (t) => {
  const { start } = await execWorld(t)
  const running = start([
    '--no-exec',
    '--log-level',
    'trace',
    '-e',
    A_PASSWORD,
    '--',
    ...program('forever'),
    TOKEN,
  ])
  const [, pid] = await running.seen(/ready (\d+)/)
  const locket = `/proc/${running.process.pid}`
  for (const file of ['cmdline', 'environ']) assertNoSecret(await readFile(`${locket}/${file}`), [PASSWORD])
  assertNoSecret(await readFile(`/proc/${pid}/cmdline`), [PASSWORD])
  running.process.kill('SIGTERM')
  const { code } = await running.ended
  assert.equal(code, 143)
  assertNoSecret(running.err(), [PASSWORD, TOKEN])
})

test('files exist while the command runs, and are removed with their folders afterwards', async (t) => {
  const { exec, folder, put, read } = await execWorld(t)
  await put('templates/a/one', 'one={{ local://db/password }}')
  await put('kept/there', 'mine')
  const show =
    'cat "$0"/map/a/one "$0"/out/token; stat -c "%a %u" "$0"/out/token "$0"/out/own "$0"/map/a/one; exit 5'
  const files = [
    '--map',
    `${folder}/templates:${folder}/map:user=7:mode=0444`,
    '--secret=own={{ local://api/token }}',
    '--secret-mode=own=0440',
    '--secret',
    'token={{ local://api/token }}',
    '--out',
    `${folder}/out`,
    '--file-mode',
    '0640',
  ]
  const { code, stdout } = await exec([...files, '--', 'sh', '-c', show, folder])
  assert.equal(stdout, `one=${PASSWORD}${TOKEN}640 0\n440 0\n444 7\n`)
  assert.equal(code, 5)
  assert.deepEqual((await readdir(folder)).toSorted(), ['kept', 'store', 'templates'])
  assert.equal(await read('kept/there'), 'mine')
})

test('an existing file is refused before the start, unless --overwrite is given: then it stays', async (t) => {
  const { exec, folder, put, read } = await execWorld(t)
  const path = await put('out/token', 'mine')
  const mark = join(folder, 'mark')
  const files = ['--secret', 'token={{ local://api/token }}', '--secret', 'b={{ local://db/password }}']
  const args = [...files, '--out', `${folder}/out`]
  const { code, stderr } = await exec([...args, '--', 'touch', mark])
  assert.equal(code, 64)
  assert.match(stderr, /out\/token is there already/)
  assert.equal(await read('out/token'), 'mine')
  await assert.rejects(stat(mark))
  const overwritten = await exec([...args, '--overwrite', '--', 'cat', path])
  assert.equal(overwritten.stdout, TOKEN)
  assert.equal(await read('out/token'), TOKEN)
  assert.deepEqual(await readdir(join(folder, 'out')), ['token'])
})

test('files are removed too when a signal ends locket', async (t) => {
  const { start, folder } = await execWorld(t)
  const files = ['--secret', 'token={{ local://api/token }}', '--out', `${folder}/out`]
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
    const running = start([...files, '--', ...program('forever')])
    const [, pid] = await running.seen(/ready (\d+)/)
    assert.deepEqual(await readdir(join(folder, 'out')), ['token'])
    running.process.kill(signal)
    const { code } = await running.ended
    assert.equal(code, { SIGTERM: 143, SIGINT: 130, SIGHUP: 129, SIGQUIT: 131 }[signal])
    assert.ok(!(await isAlive(Number(pid))))
    await assert.rejects(stat(join(folder, 'out')), signal)
  }
})

test('a reference that a failure policy lets pass is a warning', async (t) => {
  const { exec } = await execWorld(t)
  const args = ['-e', 'A={{ local://no/such }}', '-e', 'B=b', '--', ...program('print-env'), 'A', 'B']
  const passed = await exec(['--inject-failure-policy', 'passthrough', ...args])
  assert.equal(passed.stdout, 'A={{ local://no/such }}\nB=b\n')
  assert.match(passed.stderr, /WARN exec\.unresolved .*passed on unchanged.*local:\/\/no\/such/)
  const ignored = await exec(['--inject-failure-policy', 'ignore', ...args])
  assert.equal(ignored.stdout, 'A=\nB=b\n')
  assert.match(ignored.stderr, /WARN exec\.unresolved .*left out.*local:\/\/no\/such/)
})

test('after a second locket can be traced by nobody but root, and the command as before', async (t) => {
  const { env } = await execWorld(t)
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const command = [process.execPath, MAIN, 'exec', '--no-exec', '--', ...program('forever')]
  const running = startProcess([...nobody, ...command], { cwd: '/', env: { PATH: env['PATH'] ?? '' } })
  t.after(() => running.process.kill('SIGKILL'))
  const [, pid] = await running.seen(/ready (\d+)/)
  const ownerOf = async (of: number | string | undefined) => (await stat(`/proc/${of}/environ`)).uid
  const { pid: locket } = running.process
  assert.equal(await ownerOf(locket), 65_534)
  await until('locket cannot be traced', async () => (await ownerOf(locket)) === 0)
  assert.equal(await ownerOf(pid), 65_534)
  running.process.kill('SIGTERM')
  assert.equal((await running.ended).code, 143)
})
