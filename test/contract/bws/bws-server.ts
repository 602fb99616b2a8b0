import type { TestContext } from 'node:test'
import type { StartWorker } from '../../../src/core/ports/process.ts'
import { bws } from '../../../src/providers/bws/bws.ts'
import { startBwsServer } from '../../fixtures/servers/bws.ts'
import type { BwsServer } from '../../fixtures/servers/bws.ts'
import { asking, type Asking } from '../provider/asking.ts'
import { credentialFile } from '../provider/credential-file.ts'
import { open } from '../provider/provider-attempt.ts'
import type { Opened } from '../provider/provider-attempt.ts'
import { serviceKnobs } from '../provider/provider-backend.ts'
import type { Backend, ProviderSubject, SettingTexts } from '../provider/provider-backend.ts'

export type BwsClientName = 'builtin' | 'sdk'

const NOWHERE = '3832b656-a93b-45ad-bdfa-b267016802c3'
const OTHER = '3832b656-a93b-45ad-bdfa-b267016802c4'
const LOGIN = 'POST /behind/a-proxy/identity/connect/token'

export function subjectOf(client: BwsClientName): ProviderSubject {
  return {
    def: bws,
    start: async (t) => (await startBackend(t, client)).backend,
    foreign: [
      'bws',
      'bws:',
      'bws: yes',
      'bws:path/to',
      'bwss://x',
      'op://a/b/c',
      ` ${NOWHERE}`,
      `${NOWHERE}\n`,
      `{${NOWHERE}}`,
      `urn:uuid:${NOWHERE}`,
      NOWHERE.replaceAll('-', ''),
      `${NOWHERE}?field=key`,
      `${NOWHERE}0`,
      NOWHERE.replace('3', 'g'),
    ],
    malformed: [
      'bws:/',
      'bws://',
      `bws:${NOWHERE}`,
      `bws:/${NOWHERE}`,
      `bws:///${NOWHERE}`,
      'bws://name of it',
      `bws://${NOWHERE}/value`,
      `bws://${NOWHERE}0`,
      `bws://${NOWHERE.replaceAll('-', '')}`,
      `bws:// ${NOWHERE}`,
      `bws://${NOWHERE}\n`,
      `bws://${NOWHERE}?`,
      `bws://${NOWHERE}?field`,
      `bws://${NOWHERE}?field=`,
      `bws://${NOWHERE}?field=Value`,
      `bws://${NOWHERE}?field=name`,
      `bws://${NOWHERE}?field=key&field=key`,
      `bws://${NOWHERE}?other=key`,
      `bws://${NOWHERE}#key`,
    ],
    spellings: [
      [
        NOWHERE,
        NOWHERE.toUpperCase(),
        `bws://${NOWHERE}`,
        `BWS://${NOWHERE.toUpperCase()}`,
        `bws://${NOWHERE}?field=value`,
      ],
      [`bws://${NOWHERE}?field=key`, `bws://${NOWHERE.toUpperCase()}?field=key`],
      [`bws://${NOWHERE}?field=note`],
      [OTHER],
    ],
    required: ['bws-token'],
    noAll: { text: 'bws://project/*', says: /asks for several secrets.* is read by its id alone/ },
    lacks: {
      forbid: 'the server says of what may not be read that it is missing',
      limit:
        'what callers want at the same time is one request; bws-requests.test.ts wants enough for several',
    },
    ...(client === 'sdk' ? { textOnly: 'the SDK gives values as text' } : {}),
  }
}

/** A Bitwarden server behind a path of its own, a token file behind a link, and the knobs of the contract. */
export async function startBackend(
  t: TestContext,
  client: BwsClientName,
): Promise<{ readonly server: BwsServer; readonly backend: Backend }> {
  const server = await startBwsServer({ prefix: '/behind/a-proxy' })
  t.after(() => server[Symbol.asyncDispose]())
  const [first, second, unknown] = [server.issue(), server.issue(), server.issue()]
  server.revoke(second)
  server.revoke(unknown)
  const file = await credentialFile(t, 'token', first)
  const settings: SettingTexts = {
    token: `file:${file.path}`,
    apiUrl: `${server.apiUrl}/`,
    identityUrl: `${server.identityUrl}/`,
    maxRate: 'none',
    client,
  }
  const canaries = [first, second, unknown].flatMap(canariesOf)
  server.knobs.errorText = `${canaries.join(' ')} canary-9f2c-value`
  const backend: Backend = {
    settings,
    put: async (key, value) => `bws://${server.put({ key, value })}`,
    missing: NOWHERE,
    canaries,
    knobs: {
      badCredential: async () => ({ ...settings, token: unknown }),
      async lateCredential() {
        const late = file.late(first)
        return { settings: { ...settings, token: `file:${late.path}` }, ...late }
      },
      async rotateCredential() {
        server.revoke(first)
        server.accept(second)
        await file.swap(second)
      },
      expire: () => server.expireAll(),
      ...serviceKnobs(server, (request) => request === LOGIN),
    },
  }
  return { server, backend }
}

/** A server with secrets `key-N`, `value-N`, `note-N`, and an open client on it. */
export async function connected(
  t: TestContext,
  client: BwsClientName,
  options: {
    readonly secrets: number
    readonly settings?: SettingTexts
    readonly startWorker?: StartWorker
  },
): Promise<Opened & Connected> {
  const { server, backend } = await startBackend(t, client)
  const ids = Array.from({ length: options.secrets }, (_, index) =>
    server.put({ key: `key-${index}`, value: `value-${index}`, note: `note-${index}` }),
  )
  const subject = subjectOf(client)
  const texts = { ...backend.settings, ...options.settings }
  const deps = options.startWorker === undefined ? {} : { startWorker: options.startWorker }
  const opened = await open(subject, { ...backend, deps }, texts)
  t.after(() => opened.client[Symbol.asyncDispose]())
  return { ...opened, ...asking(subject, opened, ({ message }) => message), server, ids }
}

export interface Connected extends Asking {
  readonly server: BwsServer
  readonly ids: readonly string[]
}

/** The token, and each part of it that is a secret. */
function canariesOf(token: string): readonly string[] {
  const [, secret = '', seed = ''] = /^0\.[^.]*\.([^:]*):(.*)$/.exec(token) ?? []
  return [token, secret, seed]
}
