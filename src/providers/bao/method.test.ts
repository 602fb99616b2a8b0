import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planLogin, methodProblems } from './method.ts'
import { settings } from './settings.ts'
import type { BaoSettings } from './settings.ts'

/** Returns settings as `parseSection` makes them: each key is parsed by its declaration. */
function parsed(texts: Readonly<Record<string, string>>): BaoSettings {
  const values = Object.entries(settings.fields).map(([key, field]) => [
    key,
    field.schema.parse(texts[key] ?? field.default),
  ])
  return Object.fromEntries(values) as BaoSettings
}

const URL = { url: 'http://bao:8200' }
const APPROLE = { roleId: 'r', secretId: 's' }

function planned(texts: Readonly<Record<string, string>>) {
  const given = parsed({ ...URL, ...texts })
  assert.deepEqual(methodProblems(given), [])
  const plan = planLogin(given) ?? assert.fail('no plan')
  const credentials = plan.credentials.map(({ setting }) => setting)
  return plan.method === 'token'
    ? { method: plan.method, credentials }
    : {
        method: plan.method,
        mount: plan.mount,
        credentials,
        body: plan.body(credentials.map((_, at) => `${at}`)),
      }
}

test('the method is the named one, else the one of the set credential, else AppRole', () => {
  assert.deepEqual(planned({ token: 't' }), { method: 'token', credentials: ['bao-token'] })
  assert.deepEqual(planned(APPROLE), {
    method: 'approle',
    mount: 'approle',
    credentials: ['bao-role-id', 'bao-secret-id'],
    body: { role_id: '0', secret_id: '1' },
  })
  assert.deepEqual(planned({ jwt: 'j' }), {
    method: 'jwt',
    mount: 'jwt',
    credentials: ['bao-jwt'],
    body: { jwt: '0' },
  })
  assert.equal(planned({ token: 't', ...APPROLE, authMethod: 'approle' }).method, 'approle')
  assert.equal(planned({ token: 't', ...APPROLE, authMethod: 'token' }).method, 'token')
})

test('kubernetes reads the token of the pod, and logs in at its own name', () => {
  assert.deepEqual(planned({ authMethod: 'kubernetes', authRole: 'app' }), {
    method: 'kubernetes',
    mount: 'kubernetes',
    credentials: ['bao-jwt'],
    body: { jwt: '0', role: 'app' },
  })
  const plan = planLogin(parsed({ ...URL, authMethod: 'kubernetes', authRole: 'app' }))
  assert.deepEqual(plan?.credentials[0]?.from, {
    kind: 'file',
    path: '/var/run/secrets/kubernetes.io/serviceaccount/token',
  })
  const elsewhere = { authMethod: 'kubernetes', authRole: 'app', authMount: '/k8s/east/' }
  assert.equal(Reflect.get(planned(elsewhere), 'mount'), 'k8s/east')
})

test('missing and ambiguous settings are reported, one line each', () => {
  const problems = (texts: Readonly<Record<string, string>>) => methodProblems(parsed({ ...URL, ...texts }))
  assert.deepEqual(methodProblems(parsed({})), [
    'bao-url (BAO_URL) is not set',
    'bao-role-id (BAO_ROLE_ID) is not set',
    'bao-secret-id (BAO_SECRET_ID) is not set',
  ])
  assert.deepEqual(problems({ roleId: 'r' }), ['bao-secret-id (BAO_SECRET_ID) is not set'])
  assert.deepEqual(problems({ authMethod: 'token', ...APPROLE }), ['bao-token (BAO_TOKEN) is not set'])
  assert.deepEqual(problems({ authMethod: 'jwt' }), ['bao-jwt (BAO_JWT) is not set'])
  assert.deepEqual(problems({ authMethod: 'kubernetes' }), ['bao-auth-role (BAO_AUTH_ROLE) is not set'])
  assert.deepEqual(problems({ token: 't', ...APPROLE }), [
    'bao-token and bao-secret-id are set: choose one with bao-auth-method (BAO_AUTH_METHOD)',
  ])
})

test("the pod's token is not sent if another credential is set", () => {
  const given = parsed({ ...URL, token: 't', authMethod: 'kubernetes', authRole: 'app' })
  assert.match(methodProblems(given).join(), /bao-jwt \(BAO_JWT\) is not set, but another credential is/)
  assert.equal(planLogin(given), undefined)
})

test('a mount or namespace that would leave its place is refused', () => {
  for (const text of ['', '/', '..', 'a/../b', 'a//b', './a', 'a/.', 'a b', 'a\nb', 'ä'])
    for (const field of [settings.fields.authMount, settings.fields.namespace])
      assert.equal(field.schema.safeParse(text).success, false, text)
  assert.equal(settings.fields.namespace.schema.parse('/a/b/'), 'a/b')
})
