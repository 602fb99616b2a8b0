import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { openProject } from '../../scripts/engine/compose.ts'
import { IMAGE, startEngine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  CONFIG,
  createArgs,
  createVolume,
  makeConfig,
  onHost,
  runWith,
  statusOf,
  storeSecret,
} from '../../scripts/engine/locket.ts'
import { startStores, tokenFile, type StoreSecrets } from '../../scripts/engine/stores.ts'
import { installPlugin } from '../../scripts/engine/plugin.ts'

const SECRETS: StoreSecrets = {
  bao: 'canary-many-bao-1c52',
  prod: 'canary-many-prod-88d0',
  infisical: 'canary-many-infisical-73aa',
  bws: 'canary-many-bws-9e01',
  note: 'canary-many-note-5b17',
  roleId: 'canary-many-role-0d2f',
  secretId: 'canary-many-secret-id-44c9',
  prodToken: 'canary-many-prod-token-e6e6',
  clientId: '5f0c2c1e-0d8f-4a37-9c3b-1d2e3f4a5b6c',
  clientSecret: 'canary-many-client-secret-2f31',
  accessToken: 'canary-many-access-token-7c7c',
}
const LOCAL = 'canary-many-local-c3d4'
const canaries = [...Object.values(SECRETS).filter((text) => text.startsWith('canary')), LOCAL]

const engine = await startEngine()
after(() => engine[Symbol.asyncDispose]())
const stores = await startStores(engine, SECRETS)
await makeConfig(engine, {})
await storeSecret(engine, 'db/password', LOCAL)
const { bws } = stores
canaries.push(bws.token)
await writeFile(
  join(onHost(engine, CONFIG), 'locket.toml'),
  `
[volume]
provider = "bws"
bao-url = "${stores.bao}"
bao-role-id = "${await tokenFile(engine, 'role-id', SECRETS.roleId)}"
bao-secret-id = "${await tokenFile(engine, 'secret-id', SECRETS.secretId)}"
infisical-url = "${stores.infisical}"
infisical-client-id = "${SECRETS.clientId}"
infisical-client-secret = "${await tokenFile(engine, 'infisical', SECRETS.clientSecret)}"
infisical-default-environment = "dev"
infisical-default-project-id = "3832b656-a93b-45ad-bdfa-b267016802c3"
bws-api-url = "${bws.api}"
bws-identity-url = "${bws.identity}"
bws-token = "${await tokenFile(engine, 'bws', bws.token)}"

[providers.prod-vault]
kind = "vault"
bao-url = "${stores.prod}"
bao-token = "${await tokenFile(engine, 'prod', SECRETS.prodToken)}"
`,
)
await installPlugin(engine, { settings: { 'config.source': CONFIG } })

const ALL = {
  'secret.all': [
    '{{ local://db/password }}',
    '{{ bao://kv/app/db/password }}:{{ bao://kv/app/db/port }}',
    '{{ prod-vault+bao://kv/app/db/password }}',
    '{{ infisical:///DB_PASSWORD }}',
    `{{ ${bws.id} }}`,
    `{{ bws://${bws.id}?field=note }}`,
  ].join('\n'),
}

test('secrets of five managers stand in one file, each fetched with its own login', async () => {
  await createVolume(engine, 'all', ALL)
  assert.equal(
    await runWith(engine, 'all', 'cat /s/all'),
    [LOCAL, `${SECRETS.bao}:5432`, SECRETS.prod, SECRETS.infisical, SECRETS.bws, SECRETS.note].join('\n'),
  )
})

test('a compose file: all fields become files, and a new one is there at the next mount', async () => {
  const command = 'cd /s && find . -type f | sort | xargs tail -n 1; stat -c %a:%u bao/port'
  const compose = await openProject(
    engine,
    'fields',
    `
services: { app: { image: ${IMAGE}, network_mode: none, command: ["sh", "-c", "${command}"], volumes: ["vol:/s:ro"] } }
volumes:
  vol:
    driver: locket
    driver_opts:
      secret.bao/*: "{{ bao://kv/app/db/* }}"
      secret-mode.bao/*: 0440
      secret.*: infisical:///*
      secret.local/*.txt: "{{ local://db/* }}"
`,
  )
  const up = async () =>
    (await compose(['up', '--no-color', '--no-log-prefix', '--abort-on-container-exit'])).stdout
  const first = await up()
  for (const [file, value] of [
    ['DB_PASSWORD', SECRETS.infisical],
    ['bao/password', SECRETS.bao],
    ['bao/port', '5432'],
    ['local/password.txt', LOCAL],
  ])
    assert.ok(first.includes(`==> ./${file} <==\n${value}`), first)
  assert.match(first, /440:0/)
  assert.equal((await statusOf(engine, 'fields_vol')).files.join().includes('local/password.txt ('), true)
  await storeSecret(engine, 'db/user', LOCAL)
  assert.match(await up(), /local\/user.txt/)
  await compose(['down', '-v'])
})

test('Status tells the requests of each, one line for each that is asked over a network', async () => {
  const first = await statusOf(engine, 'all')
  assert.deepEqual(
    first.requests.map((line) => line.replace(/ \d+ /, ' N ')).toSorted(),
    ['bao', 'bws', 'infisical', 'prod-vault'].map((name) => `${name}: N in the last hour`),
  )
  assert.deepEqual(first.providers.toSorted(), ['bao', 'bws', 'infisical', 'local', 'prod-vault'])
  assert.match(first.requests.join(), /bws: 2 in/, 'a login and one request for both of its references')
})

test('a missing secret of one instance names reference and instance, and nothing is mounted', async () => {
  await createVolume(engine, 'lacks', {
    'secret.a': '{{ prod-vault+bao://kv/app/db/nothing }}',
    'secret.b': '{{ infisical:///NOTHING }}',
    'secret.c': '{{ bao://kv/app/none/password }}',
    'secret.d': '{{ bws://00000000-0000-4000-8000-000000000000 }}',
    'secret.e': '{{ local://db/password }}',
  })
  const said = await engine.fails(['run', '--rm', '-v', 'lacks:/s', IMAGE, 'cat', '/s/e'])
  for (const text of [
    'prod-vault+bao://kv/app/db/nothing',
    'infisical:///NOTHING',
    'bao://kv/app/none/password',
    'bws://00000000-0000-4000-8000-000000000000',
  ])
    assert.ok(said.includes(text), said)
  assert.ok(!said.includes('local://'), said)
  await engine.ok(['volume', 'rm', 'lacks', 'all'])
})

test('a volume cannot send the operator’s credentials to a server of its own', async () => {
  const options = { 'bao-url': 'http://127.0.0.1:9', 'secret.a': '{{ bao://kv/app/db/password }}' }
  const said = await engine.fails(createArgs('thief', options))
  assert.match(said, /bao-url needs .* in the driver options too/)
})

test('no value, no token and no login is anywhere but where it belongs', async () => {
  assert.deepEqual(
    await findLeaks(engine, canaries, { paths: [`${CONFIG}/state`, `${CONFIG}/secrets.age`] }),
    [],
  )
})
