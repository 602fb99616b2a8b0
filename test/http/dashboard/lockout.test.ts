import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startBroker } from '../../support/broker.ts'
import { createBrowser, logIn, startDashboard } from '../../support/dashboard.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-lockout-'))
after(() => rmSync(folder, { recursive: true }))

test('a restart of the broker makes no locked name free, neither a known nor an unknown one', async () => {
  const dashboard = await startDashboard({ folder })
  const { broker, port } = dashboard
  const names = ['anna', 'nobody']
  for (const name of names)
    for (let count = 0; count < 5; count += 1)
      assert.equal((await logIn(dashboard.browser(), name, 'wrong wrong wrong')).status, 401)
  await broker.stop()
  const again = await startBroker({ folder, dashboard: `127.0.0.1:${port}` })
  try {
    for (const name of names) assert.equal((await logIn(createBrowser(port), name)).status, 429, name)
  } finally {
    await again.stop()
  }
})

test('who begins too many logins by passkey has to wait', async () => {
  const dashboard = await startDashboard({ folder: mkdtempSync(join(folder, 'other-')) })
  const { broker, anna } = dashboard
  try {
    const one = dashboard.browser()
    await one.get('/login')
    const statuses: number[] = []
    for (let count = 0; count < 70; count += 1)
      statuses.push((await one.call('/passkeys/login-options')).status)
    assert.equal(statuses[0], 200)
    assert.equal(statuses.at(-1), 429)
    const another = dashboard.browser()
    await another.get('/login')
    assert.equal((await another.call('/passkeys/login-options')).status, 429, 'at the same address')
    await anna.get('/account')
    assert.equal((await anna.call('/passkeys/add-options')).status, 200, 'a person has an own count')
  } finally {
    await broker.stop()
  }
})
