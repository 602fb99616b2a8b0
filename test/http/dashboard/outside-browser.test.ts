import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import axe from 'axe-core'
import { chromium } from 'playwright-core'
import { startLoginService } from '../../fixtures/servers/oidc-provider.ts'
import { startDashboard } from '../../support/dashboard.ts'
import { freePort } from '../../support/free-port.ts'

const CHROMIUM = '/usr/bin/chromium'

if (spawnSync(CHROMIUM, ['--version']).status === 0) liveTest()
else
  test('the program chromium was not met', (t) => {
    t.diagnostic('chromium is not there, see `make programs`')
  })

function liveTest(): void {
  // The service is another site for the browser: 127.0.0.1 and not localhost.
  test('in a real browser, a person logs in by a service of another site, without a script', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'locket-outside-browser-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const port = await freePort()
    const url = `http://localhost:${port}`
    await using service = await startLoginService(`${url}/oidc/callback`)
    service.chosen.user = { sub: '7', email: 'carla@example.com', email_verified: true, groups: ['ops'] }
    // It is a public client here: the fixture does not ask for a secret.
    service.chosen.isPublic = true
    const own = ['--oidc-issuer', service.url, '--oidc-client-id', service.clientId]
    const args = [...own, '--oidc-new-people', 'groups=ops']
    const { broker } = await startDashboard({ folder, dashboard: `127.0.0.1:${port}`, args })
    t.after(() => broker.stop())
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
    t.after(() => browser.close())
    for (const javaScriptEnabled of [true, false]) {
      const faults: string[] = []
      const context = await browser.newContext({ baseURL: url, javaScriptEnabled })
      context.setDefaultTimeout(60_000)
      context.on('console', (message) => {
        if (message.type() === 'error' && message.location().url.startsWith(url)) faults.push(message.text())
      })
      const page = await context.newPage()
      await page.goto('/integrations')
      await page.getByRole('heading', { name: 'Log in' }).waitFor()
      if (javaScriptEnabled) {
        const checked = `(() => { ${axe.source}; return axe.run(document) })()`
        const { violations } = await page.evaluate<{ violations: { impact: string }[] }>(checked)
        assert.deepEqual(
          violations.filter(({ impact }) => impact === 'serious' || impact === 'critical'),
          [],
        )
      }
      await page.getByRole('link', { name: 'Log in with 127.0.0.1' }).click()
      await page.getByRole('heading', { name: 'Login service' }).waitFor()
      await page.getByRole('button', { name: 'Agree' }).click()
      await page.getByRole('heading', { name: 'Integrations' }).waitFor()
      assert.equal(new URL(page.url()).pathname, '/integrations')
      await page.getByText('carla@example.com').waitFor()
      const cookies = await context.cookies(url)
      assert.deepEqual(
        cookies.map(({ name, sameSite, httpOnly }) => [name, sameSite, httpOnly]),
        [['locket_session', 'Strict', true]],
      )
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByRole('heading', { name: 'Log in' }).waitFor()
      await page.goto('/integrations')
      await page.getByRole('heading', { name: 'Log in' }).waitFor()
      assert.deepEqual(faults, [])
      await context.close()
    }
  })
}
