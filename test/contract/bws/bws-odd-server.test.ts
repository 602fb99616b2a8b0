import { randomBytes, randomUUID } from 'node:crypto'
import { encrypted, tokenKeyOf } from '../../fixtures/servers/bws-crypto.ts'
import { subjectOf } from './bws-server.ts'
import { oddAnswers } from '../provider/odd-answers.ts'

const SEED = randomBytes(16)
const CLIENT_SECRET = 'bws-canary-client-secret'
const TOKEN = `0.${randomUUID()}.${CLIENT_SECRET}:${SEED.toString('base64')}`
const ORGANISATION_KEY = randomBytes(64)
const ID = randomUUID()

const claims = { exp: 4_000_000_000, sub: randomUUID(), organization: randomUUID(), scope: ['api.secrets'] }
const jwt = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.bm8`
const keys = JSON.stringify({ encryptionKey: ORGANISATION_KEY.toString('base64') })
const payload = encrypted(tokenKeyOf(SEED), Buffer.from(keys))
const text = (value: string) => encrypted(ORGANISATION_KEY, Buffer.from(value))

oddAnswers({
  subject: subjectOf('builtin'),
  settings: (url) => ({
    token: TOKEN,
    apiUrl: `${url}/api`,
    identityUrl: url,
    maxRate: 'none',
    client: 'builtin',
  }),
  references: [ID, `bws://${ID}?field=note`],
  steps: [
    {
      name: 'login',
      isAt: (url) => url === '/connect/token',
      good: JSON.stringify({
        access_token: jwt,
        expires_in: 3600,
        encrypted_payload: payload,
      }),
    },
    {
      name: 'secrets',
      isAt: (url) => url === '/api/secrets/get-by-ids',
      good: JSON.stringify({ data: [{ id: ID, key: text('k'), value: text('v'), note: text('') }] }),
    },
  ],
  keys: [
    'data',
    'id',
    'key',
    'value',
    'note',
    'access_token',
    'expires_in',
    'encrypted_payload',
    'error',
    'object',
  ],
  around: [
    (odd) => ({ data: [{ id: ID, key: odd, value: odd, note: text('n') }] }),
    (odd) => ({ data: [{ id: ID, value: text('v'), note: text('n') }, odd] }),
    (odd) => ({ data: [{ id: ID, value: odd, note: text('n') }] }),
    (odd) => ({ data: [{ id: ID, key: null, value: text('v'), note: text('n'), more: odd }] }),
    (odd) => ({ access_token: jwt, expires_in: odd, encrypted_payload: odd }),
    (odd) => ({ access_token: jwt, expires_in: 60, encrypted_payload: payload, scope: odd }),
    (odd) => ({ error: odd, ErrorModel: { Message: odd } }),
  ],
  canaries: [TOKEN, CLIENT_SECRET, SEED.toString('base64')],
})
