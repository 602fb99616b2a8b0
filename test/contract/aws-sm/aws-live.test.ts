import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { awsSm } from '../../../src/providers/aws-sm/aws-sm.ts'
import { startMoto, type Moto } from '../../fixtures/servers/moto.ts'
import { asking } from '../provider/asking.ts'
import { open, type Opened } from '../provider/provider-attempt.ts'
import type { ProviderSubject } from '../provider/provider-backend.ts'
import { subject as parameterStore } from '../aws-ssm/aws-ssm-server.ts'
import { subject as secretsManager } from './aws-sm-server.ts'

/** `make moto` puts it there. */
const PROGRAM = 'build/moto/bin/moto_server'
const KEYS = { region: 'eu-central-1', accessKeyId: 'AKIDMOTO', secretAccessKey: 'moto-canary-key' }

if (existsSync(PROGRAM)) liveTests()
else
  test('moto was not met', (t) => {
    t.diagnostic(`${PROGRAM} is missing, see \`make moto\`: AWS ran against the fixture alone`)
  })

/** The protocols of AWS as moto understands them. It checks no signatures. */
function liveTests(): void {
  describe(`${awsSm.title} and the Parameter Store on moto`, () => {
    let moto: Moto
    before(async () => {
      moto = await startMoto(PROGRAM)
    })
    after(() => moto.stop())

    async function asked(
      subject: ProviderSubject,
      settings = {},
    ): Promise<Opened & ReturnType<typeof asking>> {
      const opened = await open(subject, {
        settings: { endpoint: moto.url, ...KEYS, ...settings },
        put: () => Promise.reject(new Error('the data is given')),
        missing: '',
        canaries: ['moto-canary-key'],
        knobs: {},
      })
      return { ...opened, ...asking(subject, opened) }
    }

    test('secrets: several at once, binary, stages, versions, fields and ARNs', async () => {
      const arn = await moto.secret('prod/db', { SecretString: '{"user":"app","password":"old"}' })
      const old = await moto.newVersion('prod/db', '{"user":"app","password":"new"}')
      await moto.secret('prod/key', { SecretBinary: Buffer.from([0, 255, 10]).toString('base64') })
      await using opened = await asked(secretsManager)
      const fields = [
        '?field=password',
        '?field=password&stage=AWSPREVIOUS',
        `?field=password&version=${old}`,
      ]
      const names = fields.map((query) => `aws-sm://prod/db${query}`)
      assert.deepEqual(await opened.read(...names), ['new', 'old', 'old'])
      assert.deepEqual(await opened.read(`aws-sm://${arn}?field=user`, 'aws-sm://prod/key'), [
        'app',
        new TextDecoder().decode(new Uint8Array([0, 255, 10])),
      ])
      assert.deepEqual(
        await opened.codes('aws-sm://prod/nothing', 'aws-sm://prod/db', 'aws-sm://prod/db?version=x'),
        ['not_found', 'ok', 'not_found'],
      )
      await opened.client.probe(AbortSignal.timeout(5000))
    })

    test('parameters: several at once, a folder of three pages, versions and labels', async () => {
      for (let index = 0; index < 22; index += 1) await moto.parameter(`/app/p${index}`, `v${index}`)
      await moto.parameter('/app/p0', 'v0-second')
      await moto.label('/app/p0', 1, 'first')
      await moto.parameter('bare', 'b')
      await using opened = await asked(parameterStore)
      const names = Array.from({ length: 22 }, (_, index) => `aws-ssm:///app/p${index}`)
      const values = Array.from({ length: 22 }, (_, index) => (index === 0 ? 'v0-second' : `v${index}`))
      assert.deepEqual(await opened.read(...names), values)
      assert.deepEqual(
        await opened.read('aws-ssm:///app/p0?version=1', 'aws-ssm:///app/p0?label=first', 'aws-ssm://bare'),
        ['v0', 'v0', 'b'],
      )
      assert.deepEqual(await opened.codes('aws-ssm:///app/*', 'aws-ssm:///app/none', 'aws-ssm:///app/p1'), [
        'ok',
        'not_found',
        'ok',
      ])
      await opened.client.probe(AbortSignal.timeout(5000))
    })
  })
}
