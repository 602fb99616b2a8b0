import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startLoginService, type TestLoginService } from '../../fixtures/servers/oidc-provider.ts'
import { logIn, startDashboard } from '../../support/dashboard.ts'
import { freePort } from '../../support/free-port.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-outside-settings-'))
let service: TestLoginService

before(async () => {
  service = await startLoginService('http://localhost:1/oidc/callback')
})
after(async () => {
  await service[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

test('a service that is down, or is another one, is named, and passwords work', async () => {
  const answers = {
    down: { url: `http://127.0.0.1:${await freePort()}`, says: /does not answer/ },
    // Its description names 127.0.0.1 as the issuer.
    other: { url: service.url.replace('127.0.0.1', 'localhost'), says: /does not work|another issuer/ },
  }
  for (const [name, { url, says }] of Object.entries(answers)) {
    const args = ['--oidc-issuer', url, '--oidc-client-id', 'locket']
    const own = await startDashboard({ folder: mkdtempSync(join(folder, `${name}-`)), args })
    try {
      const { status, text } = await own.browser().get('/oidc/login')
      assert.equal(status, 503, text)
      assert.match(text, says)
      assert.match((await own.browser().get('/login')).text, /Log in with/)
      assert.equal((await logIn(own.browser(), 'anna')).status, 303)
    } finally {
      await own.broker.stop()
    }
  }
})

test('without the setting there is no login by a service', async () => {
  const own = await startDashboard({ folder: mkdtempSync(join(folder, 'none-')) })
  try {
    assert.doesNotMatch((await own.browser().get('/login')).text, /Log in with/)
    for (const path of ['/oidc/login', '/oidc/callback?code=x&state=y'])
      assert.equal((await own.browser().get(path)).status, 404)
  } finally {
    await own.broker.stop()
  }
})

test('a service with a certificate of a private authority needs the file of that authority', async () => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const request = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', '-subj', '/CN=login']
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]
  execFileSync('openssl', [...request, ...names], { stdio: 'pipe' })
  const port = await freePort()
  const pems = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  await using safe = await startLoginService(`http://localhost:${port}/oidc/callback`, pems)
  safe.chosen.user = { sub: 'anna' }
  safe.chosen.isPublic = true
  for (const more of [[], ['--oidc-ca-cert', cert]]) {
    const own = ['--oidc-issuer', safe.url, '--oidc-client-id', safe.clientId, '--oidc-name', 'sub']
    const dashboard = await startDashboard({
      folder: mkdtempSync(join(folder, 'tls-')),
      dashboard: `127.0.0.1:${port}`,
      args: [...own, ...more],
    })
    try {
      const browser = dashboard.browser()
      const { status, headers, text } = await browser.get('/oidc/login')
      assert.equal(status, more.length === 0 ? 503 : 303, text)
      if (more.length === 0) assert.match(text, /does not answer/)
      else {
        const { pathname, search } = new URL(await safe.approve(headers.location ?? '', pems.cert))
        assert.equal((await browser.get(`${pathname}${search}`)).status, 200)
        assert.match((await browser.get('/account')).text, /anna/)
      }
    } finally {
      await dashboard.broker.stop()
    }
  }
})
