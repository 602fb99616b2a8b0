import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { unzipSync } from 'fflate'
import { startBroker, type TestBroker } from '../../support/broker.ts'

/** `make sikkerkey` puts it there. */
const PYTHON = 'build/sikkerkey/bin/python'
const ENROLS = 'test/fixtures/programs/enrol-sikkerkey.py'
const PROGRAM = 'test/fixtures/programs/read-sikkerkey.py'

if (existsSync(PYTHON)) liveTests()
else
  test('the SDK of SikkerKey was not met', (t) => {
    t.diagnostic(`${PYTHON} is missing, see \`make sikkerkey\`: the protocol ran without its real client`)
  })

function liveTests(): void {
  describe("SikkerKey's own SDK, unmodified, with a bundle", () => {
    const folder = mkdtempSync(join(tmpdir(), 'locket-sdk-'))
    const bundle = join(folder, 'my-container')
    let broker: TestBroker

    before(async () => {
      broker = await startBroker({ folder })
      broker.put({ DB: 'postgres://db', secret_key: 'sk-live-ü' })
      const add = (name: string, reference: string) =>
        broker.admin('POST', '/v1/secrets', { project: 'shop', name, reference })
      await add('database_url', 'dotenv://DB')
      await add('stripe_keys', 'dotenv://*')
      await add('hidden', 'dotenv://DB')
      const grants = ['database_url', 'stripe_keys'].map((name) => ({ project: 'shop', name }))
      const { json } = await broker.admin('POST', '/v1/machines', { name: 'app', grants, how: 'bundle' })
      const zip = await broker.admin('POST', '/v1/bundles/download', { token: json.token })
      for (const [path, bytes] of Object.entries(unzipSync(zip.bytes))) {
        mkdirSync(dirname(join(bundle, path)), { recursive: true })
        // The only change: this folder stands for /etc/sikkerkey of a container.
        const text = Buffer.from(bytes).toString().replace('/etc/sikkerkey', bundle)
        writeFileSync(join(bundle, path), text)
      }
    })
    after(async () => {
      await broker.stop()
      rmSync(folder, { recursive: true })
    })

    async function read(...calls: string[]): Promise<unknown> {
      const env = {
        PATH: process.env['PATH'] ?? '',
        SIKKERKEY_IDENTITY: join(bundle, 'identity.json'),
        SIKKERKEY_HOME: bundle,
        SSL_CERT_FILE: join(bundle, 'ca.pem'),
      }
      return JSON.parse((await promisify(execFile)(PYTHON, [PROGRAM, ...calls], { env })).stdout)
    }

    test('it reads secrets, fields, lists and exports', async () => {
      const fields = { DB: 'postgres://db', secret_key: 'sk-live-ü' }
      const items = [
        { id: 'sk_database_url', name: 'database_url', field_names: null, project_id: 'shop' },
        { id: 'sk_stripe_keys', name: 'stripe_keys', field_names: 'DB,secret_key', project_id: 'shop' },
      ]
      const env = {
        DATABASE_URL: 'postgres://db',
        STRIPE_KEYS_DB: 'postgres://db',
        STRIPE_KEYS_SECRET_KEY: 'sk-live-ü',
      }
      const calls = {
        'get_secret sk_database_url': 'postgres://db',
        'get_field sk_stripe_keys secret_key': 'sk-live-ü',
        'get_fields sk_stripe_keys': fields,
        list_secrets: items,
        'list_secrets_by_project shop': items,
        export: env,
        'export shop': env,
        'export none': {},
      }
      assert.deepEqual(await read(...Object.keys(calls)), Object.values(calls))
    })

    test('its errors are those of its own classes', async () => {
      const [denied, field, structure] = (await read(
        'get_secret sk_hidden',
        'get_field sk_stripe_keys none',
        'get_fields sk_database_url',
      )) as string[][]
      assert.deepEqual(denied, ['AccessDeniedError', 'sk_hidden: this machine may not read it'])
      assert.equal(field?.[0], 'FieldNotFoundError')
      assert.equal(structure?.[0], 'SecretStructureError')
    })

    test('it enrols in memory with a token, once, and reads', async () => {
      const { vaultId } = JSON.parse(readFileSync(join(bundle, 'identity.json'), 'utf8')) as {
        vaultId: string
      }
      const grants = [{ project: 'shop', name: 'database_url' }]
      const { json } = await broker.admin('POST', '/v1/machines', { name: 'lambda', grants })
      const env = {
        PATH: process.env['PATH'] ?? '',
        SIKKERKEY_API_URL: `https://127.0.0.1:${broker.port}`,
        SSL_CERT_FILE: join(bundle, 'ca.pem'),
      }
      const enrol = async (): Promise<unknown> => {
        const words = [ENROLS, vaultId, json.token, 'sk_database_url']
        return JSON.parse((await promisify(execFile)(PYTHON, words, { env })).stdout)
      }
      assert.deepEqual(await enrol(), ['postgres://db'])
      assert.deepEqual(await enrol(), ['AccessDeniedError', 'the token is unknown, used or expired'])
    })

    test('a machine that was disabled reads nothing more', async () => {
      await broker.admin('POST', '/v1/machines/app/disable')
      const [[name] = []] = (await read('get_secret sk_database_url')) as string[][]
      assert.equal(name, 'AuthenticationError')
    })
  })
}
