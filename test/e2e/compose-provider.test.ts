import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { after, test } from 'node:test'

import { dotenvFormat } from '../../src/core/text/env-formats/dotenv.ts'
import { idOf } from '../fixtures/servers/connect-data.ts'
import { AWKWARD } from '../support/awkward-values.ts'
import type { Ran } from '../../scripts/engine/command.ts'
import { openProject } from '../../scripts/engine/compose.ts'
import { connectWith, TOKEN_FILE, writeToken } from '../../scripts/engine/connect.ts'
import { IMAGE, startEngine, type Engine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { CONFIG, LOCKET, makeConfig, onHost, storeSecret } from '../../scripts/engine/locket.ts'

const PASSWORD = 'canary-provider-password-2c8f'
const CHANGED = 'canary-provider-changed-77aa'
const KEY = 'canary-provider-key\n\'line 2\' $HOME "#"\n'
const canaries = [
  PASSWORD,
  CHANGED,
  'canary-provider-key',
  'canary-provider-token-51',
  'canary-provider-other',
]

/** The paths of the embedded store, as options of a provider service. */
const STORE = `local-file: ${CONFIG}/secrets.age
        local_key: ${CONFIG}/local.key`

/** Prints what it has of these, and of nothing else. */
const PRINT = `["sh", "-c", "env | grep -E '^(LOCKET|OTHER|line|secret)' | sort; echo end of it"]`

const bare = await startEngine()
// Compose finds a provider by its name on the PATH.
const engine: Engine = {
  ...bare,
  env: { ...bare.env, PATH: `${dirname(LOCKET)}:${bare.env['PATH'] ?? ''}` },
}
after(() => bare[Symbol.asyncDispose]())
await makeConfig(engine, { secrets: { 'db/password': PASSWORD, 'tls/key': KEY } })

const up = ['up', '--no-color', '--no-log-prefix', '--abort-on-container-exit']

function project(options: string, more = ''): string {
  return `
services:
  locket:
    provider:
      type: locket
      options:
        ${STORE}
        ${options}
  app:
    image: ${IMAGE}
    network_mode: none
    user: "1000:1000"
    command: ${PRINT}
    depends_on: [locket]
${more}`
}

const containers = () => engine.ok(['ps', '-aq'])

test("up sets the variables with the service's name in front; down removes nothing", async () => {
  const options = `secrets: ["secret1={{ local://db/password }}", "secret2=local://tls/key"]
        env: "COMMAS=a,b,C=d"
        raw: false`
  const compose = await openProject(engine, 'one', project(options))
  const first = await compose(up)
  assert.equal(first.code, 0, first.stderr)
  const keyLines = KEY.trimEnd().split('\n')
  for (const line of ['LOCKET_COMMAS=a,b,C=d', `LOCKET_secret1=${PASSWORD}`, `LOCKET_secret2=${keyLines[0]}`])
    assert.ok(first.stdout.includes(`${line}\n`), first.stdout)
  assert.doesNotMatch(first.stderr, /canary/)

  const again = await compose(up)
  assert.ok(again.stdout.includes(`LOCKET_secret1=${PASSWORD}\n`), again.stdout)
  await storeSecret(engine, 'db/password', CHANGED)
  const changed = await compose(up)
  assert.equal(changed.code, 0, changed.stderr)
  assert.ok(changed.stdout.includes(`LOCKET_secret1=${CHANGED}\n`), changed.stdout)
  assert.doesNotMatch(changed.stdout, new RegExp(PASSWORD))
  await storeSecret(engine, 'db/password', PASSWORD)

  const stop = await compose(['stop'])
  assert.equal(stop.code, 0, stop.stderr)
  const down = await compose(['down'])
  assert.equal(down.code, 0, down.stderr)
  assert.equal(await containers(), '')
})

test('the founding README’s example, with a Connect server', async () => {
  const token = 'canary-provider-token-51'
  const section = { id: 's', label: 'Test Section' }
  const fields = ['text', 'date'].map((label) => ({
    id: label,
    label,
    value: `${PASSWORD}-${label}`,
    section,
  }))
  const item = { id: idOf(2), title: 'SecretPassword', sections: [section], fields }
  const data = { vaults: [{ id: idOf(1), name: 'Mordin', items: [item] }] }
  const server = await connectWith(engine, data, { token })
  await server.start()
  await writeToken(engine, token)
  const env = { ...engine.env, OP_CONNECT_HOST: server.url, TOKEN_FILE: `${CONFIG}/${TOKEN_FILE}` }
  const compose = await openProject({ ...engine, env }, 'provider', await seedExample())
  const ran = await compose(up)
  assert.equal(ran.code, 0, ran.stderr)
  assert.match(ran.stdout, new RegExp(`LOCKET_secret1=${PASSWORD}-text\n`))
  assert.match(ran.stdout, new RegExp(`LOCKET_secret2=${PASSWORD}-date\n`))
  assert.equal((await compose(['down'])).code, 0)

  await server.stop()
  await server.start()
  await writeToken(engine, 'canary-provider-other')
  const refused = await compose(up)
  assert.notEqual(refused.code, 0)
  assert.match(refused.stderr, /op:\/\/Mordin\/SecretPassword\/Test Section\/text.*op-connect at http/s)
  assert.doesNotMatch(refused.stderr, /canary/)
  assert.equal(await containers(), '')
  await server.stop()
})

test("the founding README's orchestration: exec gives variables to docker compose", async () => {
  const yaml = `
services:
  app:
    image: ${IMAGE}
    network_mode: none
    environment: ["secret_of_app=$MY_SECRET"]
    command: ${PRINT}
`
  const compose = await openProject(engine, 'orchestrated', yaml)
  const store = ['--local-file', `${CONFIG}/secrets.age`, '--local-key', `${CONFIG}/local.key`]
  const exec = [
    LOCKET,
    'exec',
    ...store,
    '--env',
    'MY_SECRET={{ local://db/password }}',
    '--no-interactive',
    '--',
  ]
  const ran = await compose(up, exec)
  assert.equal(ran.code, 0, ran.stderr)
  assert.ok(ran.stdout.includes(`secret_of_app=${PASSWORD}\n`), ran.stdout)
  assert.doesNotMatch(ran.stderr, /canary/)
  assert.equal((await compose(['down'])).code, 0)
  const missing = [LOCKET, 'exec', ...store, '--env', 'MY_SECRET={{ local://no/such }}', '--']
  const refused = await compose(up, missing)
  assert.equal(refused.code, 66)
  assert.match(refused.stderr, /local:\/\/no\/such/)
  assert.equal(await containers(), '')
})

test('two provider services at once, each with the variables of its own', async () => {
  const other = `  other:
    provider:
      type: locket
      options:
        ${STORE}
        env_file: ${CONFIG}/app.env
`
  await writeFile(onHost(engine, `${CONFIG}/app.env`), 'FROM_FILE="{{ local://db/password }}!"\n')
  const yaml = project('env: "A={{ local://db/password }}"', other)
  const compose = await openProject(engine, 'two', yaml.replace('[locket]', '[locket, other]'))
  const ran = await compose(up)
  assert.equal(ran.code, 0, ran.stderr)
  assert.ok(ran.stdout.includes(`LOCKET_A=${PASSWORD}\nOTHER_FROM_FILE=${PASSWORD}!\n`), ran.stdout)
  assert.equal((await compose(['down'])).code, 0)
})

test('a reference that fails: the user reads it with its cause, and nothing starts', async () => {
  const options = 'secrets: ["good={{ local://db/password }}", "bad={{ local://db/pasword }}"]'
  const compose = await openProject(engine, 'bad', project(options))
  const ran = await compose(up)
  assert.notEqual(ran.code, 0)
  assert.match(ran.stderr, /local:\/\/db\/pasword/)
  assert.match(ran.stderr, /did you mean|there is no/)
  assert.equal(await containers(), '')
  assert.equal((await compose(['down'])).code, 0)
})

test('a misspelled option is dropped by Compose, and the service that has nothing to set fails', async () => {
  const compose = await openProject(engine, 'misspelled', project('secert: "a={{ local://db/password }}"'))
  const ran = await compose(up)
  assert.notEqual(ran.code, 0)
  assert.match(
    ran.stderr,
    /service locket has no variable to set: give it (environment: or )?the option env, env_file or secrets/,
  )
  assert.equal(await containers(), '')
})

test('what Compose keeps of the options is their description', async () => {
  const compose = await openProject(engine, 'kept', project('env: "A=1"'))
  assert.equal((await compose(up)).code, 0)
  const kept = await readFile(onHost(engine, '/run/e2e/compose/kept/compose/providers/locket.json'), 'utf8')
  assert.match(kept, /"name":"env_file"/)
  assert.equal((await compose(['down'])).code, 0)
})

test('locket export writes a .env file that Compose reads, and one that docker reads', async () => {
  const folder = onHost(engine, '/run/e2e/compose/exported')
  const compose = await openProject(
    engine,
    'exported',
    'services: {app: {image: bb, env_file: /run/e2e/compose/exported/x.env}}\n',
  )
  const values = new Map(AWKWARD.map((value, index) => [`V${index}`, value]))
  await writeFile(`${folder}/x.env`, dotenvFormat.write(values))
  const config = await compose(['config', '--format', 'json'])
  assert.equal(config.code, 0, config.stderr)
  const { services }: { services: { app: { environment: Record<string, string> } } } = JSON.parse(
    config.stdout,
  )
  for (const [name, value] of values)
    assert.equal(services.app.environment[name]?.replaceAll('$$', '$'), value, JSON.stringify(value))

  const exported = await exportTo('docker-env-file', '/run/e2e/exported.env', [
    'A= "x" #$HOME ',
    'B=',
    "C=='ü",
  ])
  assert.equal(exported.code, 0, exported.stderr)
  const path = onHost(engine, '/run/e2e/exported.env')
  const seen = await engine.ok([
    'run',
    '--rm',
    '--env-file',
    path,
    IMAGE,
    'sh',
    '-c',
    'printf "[%s]" "$A" "$B" "$C" "$P"',
  ])
  assert.equal(seen, `[ "x" #$HOME ][][='ü][${PASSWORD}]`)
})

test("a secret is only in the engine's own record of the containers' environment", async () => {
  const found = await findLeaks(engine, canaries)
  assert.deepEqual(
    found.filter((place) => !place.startsWith('/run/e2e/data/')),
    [],
  )
})

/** With the image that the engine has, on no network: the example's own is on one that must be made first. */
async function seedExample(): Promise<string> {
  const path = new URL('../fixtures/compose/provider.yaml', import.meta.url)
  return (await readFile(path, 'utf8')).replace('image: busybox', `image: ${IMAGE}\n    network_mode: none`)
}

async function exportTo(format: string, output: string, variables: readonly string[]): Promise<Ran> {
  const flags = ['P={{ local://db/password }}', ...variables].map((variable) => `--env=${variable}`)
  const store = ['--local-file', `${CONFIG}/secrets.age`, '--local-key', `${CONFIG}/local.key`]
  return await engine.sandbox.exec(LOCKET, ['export', `--format=${format}`, '-o', output, ...store, ...flags])
}
