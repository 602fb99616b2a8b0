import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, test } from 'node:test'

import type { ConnectField } from '../fixtures/servers/connect-data.ts'
import { idOf } from '../fixtures/servers/connect-data.ts'
import { connectWith } from '../../scripts/engine/connect.ts'
import { IMAGE, startEngine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { buildImage, putOnHost, sidecarProject, type Project } from '../../scripts/engine/sidecar.ts'
import { until } from '../../scripts/engine/until.ts'

const TOKEN = 'canary-sidecar-token-3e55'
const PASS = 'canary-sidecar-pass-91c0'
const HOST = 'canary-sidecar-host-17aa'
const canaries = [TOKEN, PASS, HOST]

const engine = await startEngine()
after(() => engine[Symbol.asyncDispose]())
await buildImage(engine)

const connect = await connectWith(engine, vaults(), { token: TOKEN, port: 8081 })
await connect.start()
await putOnHost(engine, '/run/e2e/op/token', `${TOKEN}\n`)

/** Every service as the seed hardens its own, and told apart from the network that the fake server is on. */
const HARDENED = `
    security_opt: ["no-new-privileges:true"]
    cap_drop: [ALL]
    network_mode: host`

/**
 * Prints the name of each change in the folder, and for a file that Traefik would read, its content's name
 * once it is complete.
 */
const WATCHER = `
  const { readFileSync, watch } = require('node:fs')
  const folder = '/etc/traefik/dynamic/'
  const userIn = (text) => /users: ..(.*):canary-[^"]+"]\\n$/.exec(text)?.[1] ?? 'torn'
  watch(folder, (event, name) => {
    const isRead = /[.](ya?ml|toml)$/.test(name)
    console.log(isRead ? name + ' ' + userIn(readFileSync(folder + name, 'utf8')) : name)
  })
  console.log('watching')`.replaceAll('$', '$$$$')

test('the sidecar of the README: files from templates and named secrets, before the app starts', async () => {
  const project = await sidecarProject(
    engine,
    'side',
    `
services:
  locket:
    image: locket:latest
    user: "65532:65532"${HARDENED}
    command:
      - "--provider=op-connect"
      - "--connect-host=${connect.url}"
      - "--connect-token=file:/run/secrets/op_token"
      - "--map=/templates:/run/secrets/locket"
      - "--secret=db_pass={{ op://vault/db/pass }}"
      - "--secret=db_host={{ op://vault/db/host }}"
      - "--secret=key={{ op://vault/keys/privatekey?ssh-format=openssh }}"
    secrets: [op_token]
    volumes:
      - ./config/templates:/templates:ro
      - secrets-store:/run/secrets/locket
  app:
    image: ${IMAGE}
    network_mode: none
    depends_on: { locket: { condition: service_healthy } }
    command: ["sh", "-c", "test -s $$DB_PASSWORD_FILE && sleep 1000"]
    volumes: ["secrets-store:/run/secrets/locket:ro"]
    environment:
      DB_PASSWORD_FILE: /run/secrets/locket/db_pass
      DB_HOST_FILE: /run/secrets/locket/db_host
      SECRET_KEY: /run/secrets/locket/key
secrets:
  op_token: { file: /run/e2e/op/token }
volumes:
  secrets-store:
    driver: local
    driver_opts: { type: tmpfs, device: tmpfs }
`,
  )
  await putOnHost(engine, `${project.folder}/config/templates/app.conf`, 'pass={{ op://vault/db/pass }}\n')
  await up(project)
  const read = (file: string) =>
    engine.ok(['exec', project.container('app'), 'cat', `/run/secrets/locket/${file}`])
  assert.equal(await read('app.conf'), `pass=${PASS}`)
  assert.equal(await read('db_pass'), PASS)
  assert.equal(await read('db_host'), HOST)
  assert.match(await read('key'), /^-----BEGIN OPENSSH PRIVATE KEY-----\n/)
  const modes = ['exec', project.container('app'), 'stat', '-c', '%a %u:%g', '/run/secrets/locket/db_pass']
  assert.equal(await engine.ok(modes), '600 65532:65532')
  const store = '/run/e2e/data/volumes/side_secrets-store/_data'
  assert.equal((await engine.sandbox.exec('stat', ['-f', '-c', '%T', store])).stdout, 'tmpfs\n')
  const leaks = await findLeaks(engine, canaries, { paths: [project.folder] })
  assert.deepEqual(
    leaks.filter((place) => !place.startsWith(`${store}/`)),
    [],
  )
  const logs = await engine.docker(['logs', project.container('locket')])
  assert.ok(!canaries.some((canary) => (logs.stdout + logs.stderr).includes(canary)))

  await putOnHost(engine, `${project.folder}/config/templates/app.conf`, 'again={{ op://vault/db/pass }}\n')
  await until('the edit has landed', async () => (await read('app.conf')) === `again=${PASS}`)
  await putOnHost(engine, `${project.folder}/config/templates/app.conf`, '{{ op://vault/db/nothing }}\n')
  await until('F11: it is unhealthy', async () => (await health(project)) === 'unhealthy', {
    timeoutMs: 40_000,
  })
  assert.equal(await read('app.conf'), `again=${PASS}`)
  await down(project)
})

test('read-only, another user, a tmpfs of his: healthy as composed, and stopped at once', async () => {
  const project = await sidecarProject(
    engine,
    'other',
    `
services:
  locket:
    image: locket:latest
    user: "1000:1000"
    read_only: true${HARDENED}
    environment:
      OP_CONNECT_HOST: ${connect.url}
      OP_CONNECT_TOKEN_FILE: /run/secrets/op_token
      LOCKET_SECRETS: "deep/db_pass={{ op://vault/db/pass }}"
    secrets: [op_token]
    volumes: ["secrets-store:/run/secrets/locket"]
  app:
    image: ${IMAGE}
    user: "1000:1000"
    network_mode: none
    cap_drop: [ALL]
    depends_on: { locket: { condition: service_healthy } }
    command: ["sleep", "1000"]
    volumes: ["secrets-store:/run/secrets/locket:ro"]
secrets:
  op_token: { file: /run/e2e/op/token }
volumes:
  secrets-store:
    driver: local
    driver_opts: { type: tmpfs, device: tmpfs, o: "uid=1000,gid=1000,mode=700" }
`,
  )
  await up(project)
  const started = await engine.ok([
    'inspect',
    '--format',
    '[{{json .State.StartedAt}}, {{json (index .State.Health.Log 0).Start}}]',
    project.container('locket'),
  ])
  const [start = 0, first = 0] = JSON.parse(started).map((time: string) => Date.parse(time))
  assert.ok(first - start < 2000, `its first health check came after ${first - start} ms`)
  const script =
    'cat /run/secrets/locket/deep/db_pass; stat -c " %a %u:%g" /run/secrets/locket/deep /run/secrets/locket'
  const seen = await engine.ok(['exec', project.container('app'), 'sh', '-c', script])
  assert.equal(seen, `${PASS} 700 1000:1000\n 700 1000:1000`)
  const stopped = performance.now()
  await engine.ok(['stop', '-t', '10', project.container('locket')])
  assert.ok(performance.now() - stopped < 5000, 'it was killed')
  const code = ['inspect', '--format', '{{.State.ExitCode}}', project.container('locket')]
  assert.equal(await engine.ok(code), '0')
  assert.match(
    await engine.ok(['exec', project.container('app'), 'cat', '/run/secrets/locket/deep/db_pass']),
    /canary/,
  )
  await down(project)
})

test("Traefik's example: a program that watches the folder sees each edit and no temporary name", async () => {
  const project = await sidecarProject(
    engine,
    'traefik',
    `
services:
  locket:
    image: locket:latest
    user: "65532:65532"${HARDENED}
    environment:
      OP_CONNECT_HOST: ${connect.url}
      OP_CONNECT_TOKEN_FILE: /run/secrets/op_token
    secrets: [op_token]
    command: ["--map=/templates:/run/secrets/locket", "--mode=watch"]
    volumes: ["./templates:/templates:ro", "secrets-store:/run/secrets/locket"]
  traefik:
    image: locket:latest
    user: "65532:65532"
    network_mode: none
    depends_on: { locket: { condition: service_healthy } }
    entrypoint: ["/locket/bin/node", "-e", ${JSON.stringify(WATCHER)}]
    command: []
    healthcheck: { disable: true }
    volumes: ["secrets-store:/etc/traefik/dynamic:ro"]
secrets:
  op_token: { file: /run/e2e/op/token }
volumes:
  secrets-store:
    driver: local
    driver_opts: { type: tmpfs, device: tmpfs }
`,
  )
  const template = `${project.folder}/templates/dynamic_conf.yaml`
  await putOnHost(engine, template, config('first'))
  await up(project)
  const seen = async () => (await engine.ok(['logs', project.container('traefik')])).split('\n')
  await until('it watches', async () => (await seen()).includes('watching'))
  for (const user of ['second', 'third']) {
    await putOnHost(engine, template, config(user))
    await until(`${user} was read`, async () => (await seen()).includes(`dynamic_conf.yaml ${user}`))
  }
  const others = (await seen()).filter((line) => !/^(watching|dynamic_conf\.yaml (second|third))$/.test(line))
  assert.ok(others.length > 0)
  for (const line of others) assert.match(line, /^\.locket-[0-9a-f]+\.tmp$/)
  await down(project)
})

test('the image: one program, no sh, its user, and a refusal that names what is wrong', async () => {
  const inspect = await engine.ok(['image', 'inspect', '--format', '{{json .Config}}', 'locket:latest'])
  const { User, Entrypoint, Env, Healthcheck } = JSON.parse(inspect)
  assert.deepEqual([User, Entrypoint], ['65532:65532', ['/locket/bin/sidecar']])
  const check = ['CMD', '/locket/bin/launcher', 'healthcheck']
  // Engines before 25 have no start interval: their check is frequent, and holds its answer back.
  const isOld = Number.parseInt(engine.version, 10) < 25
  assert.deepEqual(Healthcheck.Test, isOld ? [...check, '--hold', '4'] : check)
  assert.equal(Healthcheck.StartInterval, isOld ? undefined : 500_000_000)
  for (const variable of [
    'LOCKET_INJECT_MODE=watch',
    'LOCKET_STATUS_FILE=/dev/shm/locket/ready',
    'SECRET_MAP=/templates:/run/secrets/locket',
  ])
    assert.ok(Env.includes(variable), variable)
  assert.match(
    await engine.fails(['run', '--rm', '--entrypoint', 'sh', 'locket']),
    /"sh": executable file not found/,
  )
  const run = ['run', '--rm', '--network', 'none', '--read-only', '--cap-drop', 'ALL']
  const once = ['locket', '--mode=one-shot', '--secret=a=b']
  assert.match(
    await engine.fails([...run, '-v', 'store:/run/secrets/locket:ro', ...once]),
    /the file system is read-only/,
  )
  // Without a volume, in the container's own layer.
  await engine.ok(['run', '--rm', '--network', 'none', ...once])
  await engine.ok([...run, '-v', 'fresh:/run/secrets/locket', ...once])
  const written = ['run', '--rm', '-v', 'fresh:/v', IMAGE, 'stat', '-c', '%a %u:%g', '/v', '/v/a']
  assert.equal(await engine.ok(written), '755 65532:65532\n600 65532:65532')
})

function config(user: string): string {
  return `http:\n  middlewares:\n    auth:\n      basicAuth:\n        users: ["${user}:{{ op://vault/db/pass }}"]\n`
}

async function up({ compose, container }: Project): Promise<void> {
  const ran = await compose(['up', '-d', '--no-color'])
  if (ran.code === 0) return
  const { stdout, stderr } = await engine.docker(['logs', container('locket')])
  assert.fail(`${ran.stderr}\n${stdout}${stderr}`)
}

async function down({ compose }: Project): Promise<void> {
  const ran = await compose(['down', '-v', '-t', '1'])
  assert.equal(ran.code, 0, ran.stderr)
}

function health({ container }: Project): Promise<string> {
  return engine.ok(['inspect', '--format', '{{.State.Health.Status}}', container('locket')])
}

function vaults() {
  const { privateKey } = generateKeyPairSync('ed25519')
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const item = (n: number, title: string, fields: ConnectField[]) => ({ id: idOf(n), title, fields })
  const db = [
    { id: 'pass', label: 'pass', value: PASS },
    { id: 'host', label: 'host', value: HOST },
  ]
  const keys = [{ id: 'privatekey', label: 'privatekey', type: 'SSHKEY', value: key }]
  return { vaults: [{ id: idOf(1), name: 'vault', items: [item(2, 'db', db), item(3, 'keys', keys)] }] }
}
