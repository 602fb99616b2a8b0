import { subject } from './bao-server.ts'
import { oddAnswers } from '../provider/odd-answers.ts'
import { CANARY } from '../provider/provider-attempt.ts'

const FIELDS = { f: CANARY, g: CANARY }
const METADATA = { version: 1, destroyed: false }

oddAnswers({
  subject,
  settings: (url) => ({ url, roleId: 'bao-canary-role', secretId: 'bao-canary-secret' }),
  // An answer below `old` does not have the form of version 2, so locket asks for its mount.
  references: ['bao://m/p/f', 'bao://m/p/g?version=1', 'bao://old/app/f', 'bao://m/p/*'],
  steps: [
    {
      name: 'login',
      isAt: (url) => url.endsWith('/login'),
      good: JSON.stringify({ auth: { client_token: 's.bao-canary-token', lease_duration: 60 } }),
    },
    {
      name: 'self',
      isAt: (url) => url.endsWith('/lookup-self'),
      good: JSON.stringify({ data: { ttl: 60 } }),
    },
    {
      name: 'mounts',
      isAt: (url) => url.includes('/sys/internal/'),
      good: JSON.stringify({ data: { path: 'old/', type: 'kv', options: null } }),
    },
    {
      name: 'old',
      isAt: (url) => url.startsWith('/v1/old/'),
      good: JSON.stringify({ data: FIELDS }),
    },
    { name: 'read', isAt: () => true, good: JSON.stringify({ data: { data: FIELDS, metadata: METADATA } }) },
  ],
  keys: [
    'data',
    'metadata',
    'version',
    'destroyed',
    'auth',
    'errors',
    'warnings',
    'path',
    'type',
    'options',
    'f',
  ],
  around: [
    (data) => ({ data }),
    (data) => ({ data: { data, metadata: METADATA } }),
    (metadata) => ({ data: { data: FIELDS, metadata } }),
    (metadata) => ({ data: { data: null, metadata } }),
    (odd) => ({ auth: { client_token: 's.bao-canary-token', lease_duration: odd } }),
    (errors) => ({ errors }),
  ],
  canaries: ['bao-canary'],
})
