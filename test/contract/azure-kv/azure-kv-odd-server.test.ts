import { TENANT } from '../../fixtures/servers/azure.ts'
import { oddAnswers } from '../provider/odd-answers.ts'
import { AZURE_CANARIES, FIRST, SECRET, subject } from './azure-kv-server.ts'

const good = (name: string) =>
  JSON.stringify({
    value: 'x',
    id: `https://my-vault.vault.azure.net/secrets/${name}/${FIRST}`,
    attributes: {},
  })

oddAnswers({
  subject,
  settings: (url) => ({ url, authority: url, tenantId: TENANT, clientId: TENANT, clientSecret: SECRET }),
  references: ['azure-kv://my-vault/db', 'azure-kv://my-vault/other'],
  steps: [
    {
      name: 'token',
      isAt: (url) => url.endsWith('/token'),
      good: '{"access_token":"azure-canary-t","expires_in":3599}',
    },
    { name: 'other', isAt: (url) => url.startsWith('/secrets/other'), good: good('other') },
    { name: 'secret', isAt: (url) => url.startsWith('/secrets/'), good: good('db') },
  ],
  keys: ['access_token', 'expires_in', 'expires_on', 'value', 'id', 'error', 'code', 'innererror'],
  around: [
    (value) => ({ access_token: value, expires_in: value, expires_on: value }),
    (value) => ({ value, id: value }),
    (value) => ({ error: { code: value, innererror: { code: value } } }),
  ],
  canaries: AZURE_CANARIES,
})
