import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { logIn, PASSWORD, startDashboard } from '../../support/dashboard.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const SIX_MINUTES = 6 * 60_000

test('an old session changes no way to log in, until the person logs in again', async (t) => {
  const folder = await temporaryFolder(t)
  const { broker, anna } = await startDashboard({ folder })
  t.after(() => broker.stop())
  const database = new DatabaseSync(join(folder, 'broker', 'broker.db'))
  t.after(() => database.close())
  const account = await anna.get('/account')
  assert.match(account.text, /Add a passkey/)
  assert.equal((await anna.call('/passkeys/add-options')).status, 200, 'right after the login')

  database.exec(`UPDATE session SET created_at = created_at - ${SIX_MINUTES}`)
  const old = await anna.get('/account')
  assert.match(old.text, /Your login is older than 5 minutes/)
  assert.doesNotMatch(old.text, /Add a passkey/)
  const changes = [
    await anna.call('/passkeys/add-options'),
    await anna.post('/account/passkey', { id: 'any' }),
    await anna.post('/people/anna/link'),
  ]
  for (const { status, text } of changes) {
    assert.equal(status, 401)
    assert.match(text, /older than 5 minutes: log out, and log in again/)
  }
  const next = 'another long password'
  await anna.change('/account/password', { present: PASSWORD, password: next, again: next })

  const out = await anna.post('/logout', { next: '/account' })
  assert.equal(out.headers.location, '/login?next=%2Faccount')
  await logIn(anna, 'anna', next)
  await anna.get('/account')
  assert.equal((await anna.call('/passkeys/add-options')).status, 200, 'after a new login')

  database.exec(`UPDATE person SET password = NULL`)
  database.exec(`UPDATE session SET created_at = created_at - ${SIX_MINUTES}`)
  assert.doesNotMatch((await anna.get('/account')).text, /name="again"/)
  const first = await anna.post('/account/password', { password: next, again: next })
  assert.equal(first.status, 401, 'a first password')
})
