import type { TestContext } from 'node:test'
import { doppler } from '../../../src/providers/doppler/doppler.ts'
import { startDopplerServer, type DopplerServer } from '../../fixtures/servers/doppler.ts'
import { asking, type Asking } from '../provider/asking.ts'
import { credentialFile } from '../provider/credential-file.ts'
import { open, type Opened } from '../provider/provider-attempt.ts'
import {
  serviceKnobs,
  type Backend,
  type ProviderSubject,
  type SettingTexts,
} from '../provider/provider-backend.ts'

export const TOKEN = 'dp.st.prd.doppler-canary-one'
const OTHER_TOKEN = 'dp.st.prd.doppler-canary-two'
export const DOPPLER_CANARIES = ['doppler-canary']
const CONFIG = 'backend/prd'
/** The configs of the token of the contract. The first is its own. */
const CONFIGS = [CONFIG, ...Array.from({ length: 9 }, (_, index) => `backend/c${index}`)]

export const subject: ProviderSubject = {
  def: doppler,
  start: startBackend,
  foreign: ['doppler:KEY', 'dopplers://KEY', ' doppler://KEY'],
  malformed: [
    'doppler://',
    'doppler:/KEY',
    'doppler:///KEY',
    'doppler://backend/prd/KEY',
    'doppler://A KEY',
    'doppler://A-KEY',
    'doppler://1KEY',
    'doppler://KEY#x',
    'doppler://KEY?project=backend',
    'doppler://KEY?config=prd',
    'doppler://KEY?project=backend&config=p/d',
    'doppler://KEY?project=&config=prd',
    'doppler://KEY?field=a',
  ],
  spellings: [
    ['doppler://KEY', 'DOPPLER://KEY', 'doppler://K%45Y'],
    ['doppler://key'],
    ['doppler://*'],
    ['doppler://KEY?project=backend&config=prd', 'doppler://KEY?config=prd&project=backend'],
    ['doppler://KEY?project=backend&config=dev'],
  ],
  required: ['doppler-token'],
  textOnly: 'values travel as JSON text',
  lacks: {
    expire: 'the token itself is sent, there is no login',
    forbid: 'a token reads all secrets of a config or none',
  },
}

async function startBackend(t: TestContext): Promise<Backend> {
  const server = await started(t, '/behind/a-proxy')
  const file = await credentialFile(t, 'token', TOKEN)
  const settings = { url: `${server.url}/`, token: `file:${file.path}` }
  server.knobs.errorText = `${DOPPLER_CANARIES.join(' ')} canary-9f2c-value`
  const values = new Map<string, string>()
  let stored = 0
  server.configs.set(CONFIG, values)
  return {
    settings,
    /** Two secrets to a config. */
    async put(name, value) {
      const config = `c${stored >> 1}`
      stored += 1
      const own = server.configs.get(`backend/${config}`) ?? new Map<string, string>()
      server.configs.set(`backend/${config}`, own.set(name, new TextDecoder().decode(value)))
      return `doppler://${name}?project=backend&config=${config}`
    },
    async putAll(given) {
      values.clear()
      for (const [name, value] of Object.entries(given)) values.set(name, value)
      return 'doppler://*'
    },
    missing: 'doppler://NOTHING',
    canaries: DOPPLER_CANARIES,
    knobs: {
      async badCredential() {
        return { ...settings, token: 'dp.st.doppler-canary-unknown' }
      },
      async lateCredential() {
        const late = file.late(TOKEN)
        return { settings: { ...settings, token: `file:${late.path}` }, ...late }
      },
      async rotateCredential() {
        server.tokens.clear()
        server.tokens.set(OTHER_TOKEN, { configs: CONFIGS, isServiceToken: true })
        await file.swap(OTHER_TOKEN)
      },
      ...serviceKnobs(server),
      limit: (count) => ({ ...settings, maxConcurrent: String(count) }),
    },
  }
}

async function started(t: TestContext, prefix = ''): Promise<DopplerServer> {
  const server = await startDopplerServer({ prefix })
  t.after(() => server[Symbol.asyncDispose]())
  server.tokens.set(TOKEN, { configs: CONFIGS, isServiceToken: true })
  return server
}

/** A server with two configs, a service token of one, and `dp.sa.doppler-canary` of both. */
export async function onDoppler(
  t: TestContext,
  settings: SettingTexts = {},
): Promise<Opened & Asking & { readonly server: DopplerServer }> {
  const server = await started(t)
  server.tokens.set('dp.sa.doppler-canary', { configs: [CONFIG, 'backend/dev'], isServiceToken: false })
  server.configs.set(
    CONFIG,
    new Map([
      ['KEY', 'prd'],
      ['OTHER', 'other'],
    ]),
  )
  server.configs.set('backend/dev', new Map([['KEY', 'dev']]))
  const opened = await open(subject, {
    settings: { url: server.url, token: TOKEN, ...settings },
    put: () => Promise.reject(new Error('the data is given')),
    missing: '',
    canaries: DOPPLER_CANARIES,
    knobs: {},
  })
  t.after(() => opened.client[Symbol.asyncDispose]())
  return { ...opened, ...asking(subject, opened), server }
}
