import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { command } from '../../scripts/engine/command.ts'
import { IMAGE } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { CONFIG, createVolume, startLocket } from '../../scripts/engine/locket.ts'
import { buildImage, sidecarProject } from '../../scripts/engine/sidecar.ts'
import { until } from '../../scripts/engine/until.ts'

const VALUE = 'canary-image-uses-51b7'
const engine = await startLocket()
after(() => engine[Symbol.asyncDispose]())
await buildImage(engine)
const AS_ROOT = ['run', '--rm', '-i', '-u', '0', '-v', `${CONFIG}:/etc/locket`]

test('on a host with only the plugin, the image stores a secret that a volume reads', async () => {
  const set = [...AS_ROOT, 'locket', 'secret', 'set', 'db/password', '--stdin']
  const ran = await command('docker', set, { env: engine.env, input: VALUE })
  assert.equal(ran.code, 0, ran.stderr)
  assert.match(ran.stderr, /stored local:\/\/db\/password/)
  assert.equal(await engine.ok([...AS_ROOT, 'locket', 'secret', 'list', '--names']), 'db/password')
  await createVolume(engine, 'stored', { 'secret.password': '{{ local://db/password }}' })
  const read = ['run', '--rm', '-v', 'stored:/s:ro', IMAGE, 'cat', '/s/password']
  assert.equal(await engine.ok(read), VALUE)
  await engine.ok(['volume', 'rm', 'stored'])
})

test('the image is a broker: it listens, answers its operator, and ends at a stop', async () => {
  const state = ['-v', 'broker:/var/lib/locket/broker', '-v', `${CONFIG}:/etc/locket:ro`]
  const run = ['run', '-d', '--name', 'broker', '--no-healthcheck', '--network', 'none', '-u', '0', ...state]
  await engine.ok([...run, 'locket', 'serve', '--server-name', 'broker.example'])
  const logs = async () => (await engine.docker(['logs', 'broker'])).stderr
  await until('it listens', async () => (await logs()).includes('serving machines'), { timeoutMs: 60_000 })
  const admin = ['exec', 'broker', '/locket/bin/locket']
  await engine.ok([...admin, 'secret-ref', 'add', 'shop/db', 'local://db/password'])
  assert.match(await engine.ok([...admin, 'secret-ref', 'list']), /shop\/db +local:\/\/db\/password/)
  await engine.ok(['stop', '-t', '60', 'broker'])
  assert.equal(await engine.ok(['inspect', '--format', '{{.State.ExitCode}}', 'broker']), '0', await logs())
  await engine.ok(['rm', 'broker'])
  await engine.ok(['volume', 'rm', 'broker'])
})

test('COPY --from puts locket into an image without libraries, and `exec` starts its program', async () => {
  const context = mkdtempSync(join(tmpdir(), 'locket-copy-from-'))
  try {
    const lines = [
      `FROM ${IMAGE}`,
      'COPY --from=locket:latest /locket /locket',
      'COPY --from=locket:latest /lib /lib',
      'COPY --from=locket:latest /lib64 /lib64',
      'ENTRYPOINT ["/locket/bin/locket", "exec", "--"]',
      'CMD ["sh", "-c", "echo $DB_PASSWORD"]',
    ]
    writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`)
    const env = { ...engine.env, DOCKER_BUILDKIT: '0' }
    await engine.ok(['build', '-q', '-t', 'with-locket', context], { env })
  } finally {
    rmSync(context, { recursive: true })
  }
  const variable = 'LOCKET_ENV=DB_PASSWORD={{ local://db/password }}'
  const run = ['run', '--rm', '--network', 'none', '-v', `${CONFIG}:/etc/locket:ro`, '-e', variable]
  assert.equal(await engine.ok([...run, 'with-locket']), VALUE)
})

test('as process 1 of a container, `exec` passes on the rare signals of `docker kill`', async () => {
  // 37 is SIGRTMIN+3, which the shell of this image knows by its number alone.
  const signals = ['TSTP', 'TTIN', 'ALRM', '37']
  const traps = signals.map((name) => `trap 'echo got ${name}' ${name}`).join('; ')
  const program = `${traps}; trap 'exit 3' USR2; echo ready; while :; do sleep 0.1; done`
  const run = ['run', '-d', '--name', 'rare', '--entrypoint', '/locket/bin/locket', 'with-locket']
  await engine.ok([...run, 'exec', '--no-exec', '--', 'sh', '-c', program])
  const logs = async () => (await engine.docker(['logs', 'rare'])).stdout
  await until('it is ready', async () => (await logs()).includes('ready'), { timeoutMs: 60_000 })
  for (const name of signals) {
    await engine.ok(['kill', '-s', name === '37' ? 'RTMIN+3' : name, 'rare'])
    await until(`${name} arrives`, async () => (await logs()).includes(`got ${name}\n`), {
      timeoutMs: 60_000,
    })
  }
  await engine.ok(['kill', '-s', 'USR2', 'rare'])
  assert.equal(await engine.ok(['wait', 'rare']), '3')
  await engine.ok(['rm', 'rare'])
})

for (const [what, options, expected] of [
  ['a plain volume keeps the files, on the disk of the host', '', VALUE],
  ['a tmpfs is empty again', 'driver_opts: { type: tmpfs, device: tmpfs }', 'nothing'],
] as const) {
  test(`an init container that has ended: ${what}`, async () => {
    const project = await sidecarProject(
      engine,
      'init',
      `
services:
  secrets-init:
    image: locket:latest
    user: "0:0"
    network_mode: none
    command: ["--mode=one-shot", "--secret=db_password={{ local://db/password }}"]
    volumes: ["${CONFIG}:/etc/locket:ro", "store:/run/secrets/locket"]
  app:
    image: ${IMAGE}
    network_mode: none
    depends_on: { secrets-init: { condition: service_completed_successfully } }
    command: ["sh", "-c", "cat /run/secrets/locket/db_password || echo nothing"]
    volumes: ["store:/run/secrets/locket:ro"]
volumes:
  store:
    ${options || 'driver: local'}
`,
    )
    const up = await project.compose(['up', '-d'])
    assert.equal(up.code, 0, up.stderr)
    const app = project.container('app')
    await engine.ok(['wait', app])
    assert.match(await engine.ok(['logs', app]), new RegExp(`${expected}$`))
    await project.compose(['down', '-v'])
  })
}

test('env_file is read by Compose on its own machine, so a volume cannot hold it', async () => {
  const project = await sidecarProject(
    engine,
    'env-file',
    `
services:
  app:
    image: ${IMAGE}
    env_file: [/secrets/.env]
    volumes: ["store:/secrets:ro"]
volumes:
  store:
    driver: locket
    driver_opts: { secret..env: "A={{ local://db/password }}" }
`,
  )
  const up = await project.compose(['up', '-d'])
  assert.notEqual(up.code, 0)
  assert.match(up.stderr, /env file \/secrets\/\.env not found/)
  await project.compose(['down', '-v'])
})

test('`locket init` in the image configures the plugin, and its compose file starts', async () => {
  const answers = ['--provider', 'local', '--reference', 'local://db/password', '--compose', '-']
  const printed = await engine.ok([...AS_ROOT, 'locket', 'init', ...answers])
  assert.match(printed, /1 reference ok, 0 failed/)
  const yaml = /^services:[^]*?(?=\n\n)/m.exec(printed)?.[0] ?? ''
  // No image is pulled here, so another one reads the file that Postgres would read.
  const command = 'command: ["sh", "-c", "cat $$POSTGRES_PASSWORD_FILE"]'
  const other = `image: ${IMAGE}\n    network_mode: none\n    ${command}`
  const app = yaml.replace('image: postgres:17', () => other)
  const project = await sidecarProject(engine, 'first', app)
  const up = await project.compose(['up', '-d'])
  assert.equal(up.code, 0, up.stderr)
  await engine.ok(['wait', project.container('db')])
  assert.equal(await engine.ok(['logs', project.container('db')]), VALUE)
  await project.compose(['down', '-v'])
})

test('no secret is left outside of memory', async () => {
  assert.deepEqual(await findLeaks(engine, [VALUE]), [])
})
