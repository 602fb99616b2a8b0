import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fieldsOf } from '../../src/settings/field.ts'
import { VOLUME_SECTIONS } from '../../src/config/sections/volume.ts'
import { credentialVariables } from '../../src/config/entries/child-environment.ts'
import { loadVolume } from './load-volume.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { problemOf } from './setting-rows.ts'

const daemonOf = (...argv: string[]) => loadVolume(argv, {}, '/nonexistent/locket.toml').daemon

test('attack: driver options switch on neither the environment nor a .env file', () => {
  const daemon = daemonOf('--managed')
  for (const [name, value] of [
    ['env-provider', 'true'],
    ['env_provider', 'true'],
    ['dotenv-path', '/etc/locket/.env'],
    ['dotenv_path', '/etc/locket/.env'],
  ] as const) {
    assert.equal(
      problemOf(() => daemon.volumeConfig({ [name]: value })),
      `driver option ${name} is a setting of the daemon, not of a volume: leave it out`,
    )
  }
  const { parseRef } = daemon.volumeConfig({ provider: 'env' })
  assert.equal(
    problemOf(() => parseRef('env://HOME')),
    "env://HOME needs env: env-provider (LOCKET_ENV_PROVIDER) is not on, and only locket's own configuration turns it on",
  )
  assert.equal(
    problemOf(() => parseRef('dotenv://HOME')),
    "dotenv://HOME needs dotenv: dotenv-path (DOTENV_PATH) is not set, and only locket's own configuration sets it",
  )
  assert.equal(parseRef('HOME'), undefined)
})

test('switched on by the daemon, they answer by their schemes alone', () => {
  const daemon = daemonOf('--env-provider', '--dotenv-path=/srv/.env')
  const { parseRef } = daemon.volumeConfig({ provider: 'dotenv' })
  assert.equal(parseRef('env://HOME')?.provider, 'env')
  assert.equal(parseRef('dotenv://HOME')?.provider, 'dotenv')
  assert.equal(parseRef('HOME'), undefined)
})

test("attack: the daemon's own .env file is not a template and not a token", () => {
  const daemon = daemonOf('--dotenv-path=/srv/app/.env')
  assert.match(
    problemOf(() => daemon.volumeConfig({ 'secret.a': '@/srv/app/.env' })),
    /belongs to the daemon's own configuration and is not a template$/,
  )
  assert.match(
    problemOf(() =>
      daemon.volumeConfig({ 'connect-host': 'http://evil', 'connect-token': 'file:/srv/app/.env' }),
    ),
    /is the daemon's own, and is used only where the daemon's settings name it/,
  )
})

test('a second .env file takes a name', async (t) => {
  const path = join(await temporaryFolder(t), 'locket.toml')
  await writeFile(path, '[providers.other]\nkind = "dotenv"\ndotenv-path = "/srv/other.env"\n')
  const { parseRef } = daemonOf('--config', path).volumeConfig({})
  assert.equal(parseRef('other+dotenv://A')?.provider, 'other')
  assert.match(
    problemOf(() => parseRef('dotenv://A')),
    /\(write other\+dotenv:\/\/ for other, or set provider\)$/,
  )
})

test('the variables of every credential are hidden, and those of nothing else', () => {
  const hidden = credentialVariables()
  for (const { credential, env } of fieldsOf(VOLUME_SECTIONS)) {
    if (env === undefined) continue
    assert.equal(hidden.has(env), credential === true, env)
    assert.equal(hidden.has(`${env}_FILE`), credential === true, env)
  }
})
