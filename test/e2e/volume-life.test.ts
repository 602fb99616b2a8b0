import assert from 'node:assert/strict'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { after, test } from 'node:test'

import { openProject } from '../../scripts/engine/compose.ts'
import { IMAGE } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  CONFIG,
  createArgs,
  createVolume,
  onHost,
  recordsOf,
  runWith,
  startLocket,
  startWith,
  statusOf,
} from '../../scripts/engine/locket.ts'
import { mountedVolumes } from '../../scripts/engine/plugin.ts'
import { until } from '../../scripts/engine/until.ts'

const PASSWORD = 'canary-life-password-8d1f'
const KEY = 'canary-life-key-line1\ncanary-life-key-line2\n'
const canaries = [PASSWORD, 'canary-life-key-line1']

const engine = await startLocket({ secrets: { 'db/password': PASSWORD, 'tls/key': KEY } })
after(() => engine[Symbol.asyncDispose]())

test('create, run, read, a second container, stop one, the other still reads, remove', async () => {
  await createVolume(engine, 'life', {
    'secret.db_password': '{{ local://db/password }}',
    'secret.tls/key.pem': 'local://tls/key',
  })
  assert.equal((await mountedVolumes(engine)).has('life'), false)
  assert.equal((await statusOf(engine, 'life')).state, 'idle')

  await startWith(engine, 'one', 'life')
  assert.equal(await engine.ok(['exec', 'one', 'cat', '/s/db_password']), PASSWORD)
  assert.equal((await engine.docker(['exec', 'one', 'cat', '/s/tls/key.pem'])).stdout, KEY)
  await startWith(engine, 'two', 'life')
  const status = await statusOf(engine, 'life')
  assert.equal(status.state, 'mounted')
  assert.equal(status.mounts.length, 2)
  assert.match(status.files.join(), /^db_password \(local, \d+ bytes\),tls\/key\.pem \(local, \d+ bytes\)$/)
  assert.deepEqual(status.providers, ['local'])

  await engine.ok(['rm', '-f', 'one'])
  assert.equal(await engine.ok(['exec', 'two', 'cat', '/s/db_password']), PASSWORD)
  assert.match(await engine.fails(['volume', 'rm', 'life']), /in use/)
  assert.equal((await recordsOf(engine)).get('life')?.length, 1)

  const target = (await mountedVolumes(engine)).get('life') ?? ''
  assert.deepEqual((await readdir(onHost(engine, `${target}/data`))).sort(), ['db_password', 'tls'])
  await engine.ok(['stop', '-t', '5', 'two'])
  assert.equal((await mountedVolumes(engine)).has('life'), false)
  await assert.rejects(stat(onHost(engine, target)), { code: 'ENOENT' })
  assert.deepEqual((await recordsOf(engine)).get('life'), [])

  await engine.ok(['start', 'two'])
  assert.equal(await engine.ok(['exec', 'two', 'cat', '/s/db_password']), PASSWORD)
  await engine.ok(['rm', '-f', 'two'])
  await engine.ok(['volume', 'rm', 'life'])
  assert.equal((await recordsOf(engine)).has('life'), false)
  assert.doesNotMatch(await engine.ok(['volume', 'ls', '-q']), /^life$/m)
})

test('the tmpfs cannot be swapped out, run from or used for devices, and is as large as asked', async () => {
  await createVolume(engine, 'flags', { size: '2M', 'secret.a': '{{ local://db/password }}' })
  const line = await runWith(engine, 'flags', 'grep " /s " /proc/mounts')
  const options = (line.split(' ')[3] ?? '').split(',')
  for (const option of ['nosuid', 'nodev', 'noexec', 'noswap', 'size=2048k'])
    assert.ok(options.includes(option), `${option} in ${line}`)
  const copied = 'cp /bin/busybox /s/sh 2>/dev/null; /s/sh true'
  assert.match(
    await engine.fails(['run', '--rm', '-v', 'flags:/s', IMAGE, 'sh', '-c', copied]),
    /ermission denied/,
  )
  await engine.ok(['volume', 'rm', 'flags'])
})

test('owner and modes, as a user who is not root sees them', async () => {
  await createVolume(engine, 'owned', {
    user: '1000:1000',
    mode: '0750',
    'file-mode': '0440',
    'dir-mode': '0510',
    'secret.a': '{{ local://db/password }}',
    'secret.sub/b': 'text',
  })
  const script = 'id -u; stat -c "%a %u:%g" /s /s/a /s/sub /s/sub/b; cat /s/a'
  const seen = await runWith(engine, 'owned', script, ['--user', '1000:1000'])
  assert.deepEqual(seen.split('\n'), [
    '1000',
    '750 1000:1000',
    '440 1000:1000',
    '510 1000:1000',
    '440 1000:1000',
    PASSWORD,
  ])
  assert.match(
    await engine.fails(['run', '--rm', '--user', '1001:1001', '-v', 'owned:/s', IMAGE, 'cat', '/s/a']),
    /ermission denied/,
  )
  await engine.ok(['volume', 'rm', 'owned'])
})

test('a read-only mount cannot be written', async () => {
  await createVolume(engine, 'ro', { 'secret.a': '{{ local://db/password }}' })
  const ran = await engine.docker([
    'run',
    '--rm',
    '-v',
    'ro:/s:ro',
    IMAGE,
    'sh',
    '-c',
    'cat /s/a; echo x > /s/b',
  ])
  assert.equal(ran.stdout, PASSWORD)
  assert.match(ran.stderr, /ead-only file system/)
  await engine.ok(['volume', 'rm', 'ro'])
})

test('an open descriptor reads no secret after the last unmount', async () => {
  await createVolume(engine, 'open', { 'secret.a': '{{ local://db/password }}' })
  await startWith(engine, 'holder', 'open')
  const target = (await mountedVolumes(engine)).get('open') ?? ''
  // A process of the host that outlives the container, as one with a bind mount of its own would.
  const script = `exec 3< ${target}/data/a; cat <&3 | wc -c; echo held; read line; exec 4< /proc/self/fd/3; cat <&4 | tr -d '\\0'`
  const fifo = '/run/e2e/fifo'
  await engine.sandbox.exec('mkfifo', [fifo])
  const log = onHost(engine, '/run/e2e/holder.log')
  const holder = await engine.sandbox.spawn('sh', ['-c', `exec < ${fifo}; ${script}`], { log })
  const writer = await engine.sandbox.spawn(
    'sh',
    ['-c', `exec > ${fifo}; while ! [ -e /run/e2e/go ]; do sleep 0.1; done; echo go`],
    {
      log,
    },
  )
  await waitFor(log, 'held')
  await engine.ok(['rm', '-f', 'holder'])
  assert.equal((await mountedVolumes(engine)).has('open'), false)
  await writeFile(onHost(engine, '/run/e2e/go'), '')
  await Promise.all([holder.exited, writer.exited])
  const said = await readFile(log, 'utf8')
  assert.match(said, new RegExp(`^${PASSWORD.length}\n`))
  assert.ok(!said.includes(PASSWORD), 'the descriptor still reads the secret')
  await engine.ok(['volume', 'rm', 'open'])
})

test('docker cp reads a secret and puts a file, from a running and a stopped container', async () => {
  await createVolume(engine, 'copied', { 'secret.a': '{{ local://db/password }}' })
  await startWith(engine, 'cp', 'copied')
  await engine.copy('cp:/s/a', '/run/e2e/out')
  assert.equal(await readFile(onHost(engine, '/run/e2e/out'), 'utf8'), PASSWORD)
  await writeFile(onHost(engine, '/run/e2e/in'), 'from outside')
  await engine.copy('/run/e2e/in', 'cp:/s/b')
  assert.equal(await engine.ok(['exec', 'cp', 'cat', '/s/b']), 'from outside')
  assert.equal((await statusOf(engine, 'copied')).mounts.length, 1)
  await engine.ok(['stop', '-t', '5', 'cp'])
  await engine.copy('cp:/s/a', '/run/e2e/out2')
  assert.equal(await readFile(onHost(engine, '/run/e2e/out2'), 'utf8'), PASSWORD)
  assert.equal((await mountedVolumes(engine)).has('copied'), false)
  await engine.ok(['rm', 'cp'])
  await engine.ok(['volume', 'rm', 'copied'])
})

test('a volume over a folder that the image has filled', async () => {
  await createVolume(engine, 'filled', { 'secret.a': '{{ local://db/password }}' })
  const seen = await engine.ok(['run', '--rm', '-v', 'filled:/filled', IMAGE, 'cat', '/filled/a'])
  assert.equal(seen, PASSWORD)
  assert.equal((await mountedVolumes(engine)).has('filled'), false)
  assert.deepEqual((await recordsOf(engine)).get('filled'), [])
  await engine.ok(['volume', 'rm', 'filled'])
})

test('create says what is wrong before anything is made', async () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ siez: '1M' }, /siez.*size/s],
    [{ size: 'huge' }, /size/],
    [{ mode: '999x' }, /mode/],
    [{ 'secret.../a': 'text' }, /\.\.\/a/],
    [{ 'secret.a': '{{ op://vault }}' }, /op:\/\/vault/],
    [{ 'secret.a': 'one', secret: 'a=two' }, /\ba\b/],
    [{ 'secret.a': 'one', 'secret-mode.b': '0440' }, /secret-mode\.b is for no file/],
    [{ 'secret.a': 'one', 'secret-mode.a': '04755' }, /setuid/],
    [{ 'secret.a': '/etc/passwd' }, /@\/etc\/passwd/],
    [{ 'secret.a': '@/etc/shadow' }, /\/etc\/locket/],
    [{ 'secret.a': '@/etc/locket/none.tpl' }, /none\.tpl/],
    [{ 'connect-host': 'http://elsewhere.example', 'secret.a': '{{ op://v/i/f }}' }, /connect-token/],
    [
      { 'connect-host': 'http://elsewhere.example', 'connect-token': 'literal', 'secret.a': 'x' },
      /connect-token/,
    ],
  ]
  for (const [options, message] of wrong) {
    const ran = await engine.docker(createArgs('wrong', options))
    assert.equal(ran.code, 1, JSON.stringify(options))
    assert.match(ran.stderr, message, JSON.stringify(options))
  }
  assert.doesNotMatch(await engine.ok(['volume', 'ls', '-q']), /^wrong$/m)
  assert.equal((await recordsOf(engine)).has('wrong'), false)
})

test('a compose file: read, unquoted modes, down and down -v', async () => {
  const compose = await openProject(
    engine,
    'demo',
    `
services:
  app:
    image: ${IMAGE}
    network_mode: none
    user: "1000:1000"
    command: ["sh", "-c", "cat /run/secrets/db_password; stat -c '%a' /run/secrets /run/secrets/db_password"]
    volumes: ["vol:/run/secrets:ro"]
volumes:
  vol:
    driver: locket
    driver_opts:
      secret.db_password: "{{ local://db/password }}"
      user: "1000:1000"
      mode: 0700
      file-mode: 0640
`,
  )
  const up = await compose(['up', '--no-color', '--no-log-prefix', '--abort-on-container-exit'])
  assert.equal(up.code, 0, up.stderr)
  assert.match(up.stdout, new RegExp(`${PASSWORD}700\n640`))
  assert.equal((await compose(['down'])).code, 0)
  assert.match(await engine.ok(['volume', 'ls', '-q']), /^demo_vol$/m)
  assert.equal((await mountedVolumes(engine)).has('demo_vol'), false)
  assert.equal((await compose(['down', '-v'])).code, 0)
  assert.doesNotMatch(await engine.ok(['volume', 'ls', '-q']), /^demo_vol$/m)
})

test('a compose file: mode and owner of single files, for users of their own', async () => {
  const command = `stat -c '%n %a %u:%g' /s/a.b /s/c /s/d; cat /s/a.b; cat /s/d || echo refused`
  const compose = await openProject(
    engine,
    'single',
    `
services: { app: { image: ${IMAGE}, network_mode: none, user: "101:102", command: ["sh", "-c", "${command}"], volumes: ["vol:/s:ro"] } }
volumes:
  vol:
    driver: locket
    driver_opts:
      mode: 0711
      secret.a.b: "{{ local://db/password }}"
      secret-mode.a.b: 0440
      secret-user.a.b: "0:102"
      secret.c: "{{ local://tls/key }}"
      secret_user.c: 7
      secret.d: "{{ local://tls/key }}"
`,
  )
  const up = await compose(['up', '--no-color', '--no-log-prefix', '--abort-on-container-exit'])
  assert.match(up.stdout, new RegExp(`/s/a.b 440 0:102\n/s/c 600 7:7\n/s/d 600 0:0\n${PASSWORD}refused`))
  assert.deepEqual((await statusOf(engine, 'single_vol')).warnings, [])
  assert.equal((await compose(['down', '-v'])).code, 0)
})

test('a compose file with an ambiguous mode is refused, with the right way to write it', async () => {
  const compose = await openProject(
    engine,
    'trap',
    `
services: { app: { image: ${IMAGE}, network_mode: none, command: "true", volumes: ["vol:/s"] } }
volumes: { vol: { driver: locket, driver_opts: { secret.a: "x", mode: 0707 } } }
`,
  )
  const up = await compose(['up'])
  assert.notEqual(up.code, 0)
  assert.match(up.stderr, /mode.*quote/s)
  await compose(['down', '-v'])
})

test("a watched template in the operator's folder: an edit reaches the running container", async () => {
  await writeFile(onHost(engine, `${CONFIG}/app.tpl`), 'first {{ local://db/password }}\n')
  await createVolume(engine, 'watched', { watch: 'true', 'secret.app.conf': '@/etc/locket/app.tpl' })
  await startWith(engine, 'watcher', 'watched')
  assert.equal(await engine.ok(['exec', 'watcher', 'cat', '/s/app.conf']), `first ${PASSWORD}`)
  await writeFile(onHost(engine, `${CONFIG}/app.tpl`), 'second {{ local://db/password }}\n')
  const wait = 'until grep -q second /s/app.conf; do sleep 0.1; done; cat /s/app.conf'
  assert.equal(await engine.ok(['exec', 'watcher', 'timeout', '15', 'sh', '-c', wait]), `second ${PASSWORD}`)
  await engine.ok(['rm', '-f', 'watcher'])
  await engine.ok(['volume', 'rm', 'watched'])
})

test('no value is anywhere but where it belongs', async () => {
  assert.deepEqual([...(await mountedVolumes(engine)).keys()], [])
  assert.deepEqual(await findLeaks(engine, canaries, { paths: [CONFIG] }), [])
})

async function waitFor(file: string, text: string): Promise<void> {
  await until(`${text} in ${file}`, async () => (await readFile(file, 'utf8')).includes(text))
}
