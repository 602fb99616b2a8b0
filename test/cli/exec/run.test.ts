import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { startBaoServer } from '../../fixtures/servers/bao.ts'
import { mountOf } from '../../fixtures/servers/bao-data.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { MAIN } from '../../support/program.ts'
import { execWorld, PASSWORD, startProcess } from './exec-command.ts'

const VAULT_TOKEN = 'canary-run-vault-token-2f1'
const URL_VALUE = 'canary-run-postgres-url-5b8'

/** The mapping file of the founding document, with the kinds that run here. */
const MAPPING = `[secrets]
DATABASE_URL = { provider = "vault", ref = "secret/data/prod/db/url" }
JWT_KEY      = { resolver = "hashicorp", ref = "secret/data/prod/jwt", field = "key" }
DB_PASSWORD  = "{{ local://db/password }}"
`

async function runWorld(t: TestContext) {
  const world = await execWorld(t)
  const secrets = { 'prod/db/url': { value: URL_VALUE }, 'prod/jwt': { key: 'k', other: 'o' } }
  const vault = await startBaoServer({
    data: { mounts: [mountOf('secret', 2, secrets)] },
    tokens: { [VAULT_TOKEN]: {} },
  })
  t.after(() => vault[Symbol.asyncDispose]())
  const variables = { VAULT_ADDR: vault.url, VAULT_TOKEN }
  return {
    ...world,
    locket: async (...args: string[]) => {
      const env = { ...world.env, ...variables }
      const running = startProcess([process.execPath, MAIN, ...args], { cwd: world.folder, env })
      running.process.stdin?.end()
      const ended = await running.ended
      assertNoSecret(ended.stderr, [PASSWORD, VAULT_TOKEN, URL_VALUE], 'standard error')
      return ended
    },
  }
}

test('run gives a command the secrets of the mapping file, and not the token that read them', async (t) => {
  const { put, locket } = await runWorld(t)
  await put('.keyzero.toml', MAPPING)
  const { code, stdout, stderr } = await locket(
    'run',
    '--',
    'sh',
    '-c',
    'echo "$DATABASE_URL $JWT_KEY $DB_PASSWORD ${VAULT_TOKEN-none}"',
  )
  assert.equal(code, 0, stderr)
  assert.equal(stdout, `${URL_VALUE} k ${PASSWORD} none\n`)
  assert.match(stderr, /variables come from a mapping file files=.*\/\.keyzero\.toml variables=3/)
})

test('export writes the variables of the mapping file as an env file', async (t) => {
  const { put, locket, read } = await runWorld(t)
  await put('.keyzero.toml', MAPPING)
  const { code, stderr } = await locket('export', '--format', 'env', '--output', 'secrets.env')
  assert.equal(code, 0, stderr)
  const text = `DATABASE_URL=${URL_VALUE}\nJWT_KEY=k\nDB_PASSWORD=${PASSWORD}\n`
  assert.equal(await read('secrets.env'), text)
  const named = await locket('export', '--format', 'env', '-e', 'A=b')
  assert.equal(named.stdout, 'A=b\n')
})

test('exec reads a mapping file that is named, and no other one', async (t) => {
  const { put, locket } = await runWorld(t)
  await put('locket.toml', '[secrets]\nDB_PASSWORD = "{{ local://db/password }}"\n')
  const show = ['--', 'sh', '-c', 'echo "${DB_PASSWORD-none}"']
  assert.equal((await locket('exec', '-e', 'A=b', ...show)).stdout, 'none\n')
  assert.equal((await locket('exec', '--mapping', 'locket.toml', ...show)).stdout, `${PASSWORD}\n`)
  const replaced = await locket('run', '-e', 'DB_PASSWORD=mine', ...show)
  assert.equal(replaced.stdout, 'mine\n')
})

test('a mapping file that is missing or wrong starts no command', async (t) => {
  const { put, locket } = await runWorld(t)
  const missing = await locket('run', '--', 'echo', 'started')
  assert.deepEqual([missing.code, missing.stdout], [78, ''])
  assert.match(missing.stderr, /^locket: there is no mapping file: /)
  await put('locket.toml', '[secrets]\nA = { provider = "vault", ref = "secret/data/none" }\n')
  const unknown = await locket('run', '--', 'echo', 'started')
  assert.deepEqual([unknown.code, unknown.stdout], [66, ''])
  assert.match(unknown.stderr, /has nothing at secret\/none/)
  assert.match((await locket('run', 'true')).stderr, /^locket: run needs `--` and then a command/)
})
