import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import axe from 'axe-core'
import { unzipSync } from 'fflate'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { startBroker, type TestBroker, type TestMachine } from '../../support/broker.ts'
import { dashboardUrl, PASSWORD } from '../../support/dashboard.ts'

const CHROMIUM = '/usr/bin/chromium'
const isThere = spawnSync(CHROMIUM, ['--version']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'locket-browser-'))
let broker: TestBroker
let browser: Browser
let context: BrowserContext
let page: Page
let url: string

/** Requests to other hosts, and what the browser complains about. */
const faults: string[] = []

before(async () => {
  if (!isThere) return
  broker = await startBroker({ folder, dashboard: '127.0.0.1:0' })
  broker.put({ DB: 'canary-browser' })
  url = await dashboardUrl(broker)
  // Root needs it: the sandbox of Chromium does not run as root.
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  context = await browser.newContext({ baseURL: url, acceptDownloads: true })
  context.setDefaultTimeout(60_000)
  context.on('request', (request) => {
    if (!request.url().startsWith(url)) faults.push(request.url())
  })
  context.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  context.on('weberror', (error) => faults.push(error.error().message))
  page = await context.newPage()
})
after(async () => {
  await browser?.close()
  await broker?.stop()
  rmSync(folder, { recursive: true })
})

/** Fails if axe finds something serious on the page. */
async function mustBeAccessible(at: Page): Promise<void> {
  const { violations, passes } = await at.evaluate<{
    violations: readonly AxeViolation[]
    passes: readonly unknown[]
  }>(`(() => { ${axe.source}; return axe.run(document) })()`)
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  const shown = serious.map(
    ({ id, nodes }) => `${at.url()} ${id}: ${nodes.map(({ html }) => html).join(' ')}`,
  )
  assert.deepEqual(shown, [])
  assert.ok(passes.length > 10, 'axe has looked')
}

/** Registers a test of the browser. */
function story(name: string, work: () => Promise<void>): void {
  if (isThere) test(name, work)
}

if (!isThere)
  test('the program chromium was not met', (t) => {
    t.diagnostic('chromium is not there, see `make programs`')
  })

/** Returns the machine of a bundle. */
function machineOf(path: string): TestMachine {
  const files = unzipSync(readFileSync(path))
  const textOf = (name: string): string => Buffer.from(files[name] ?? []).toString()
  const { machineId } = JSON.parse(textOf('identity.json')) as { readonly machineId: string }
  return { id: machineId, key: createPrivateKey(textOf('private.pem')) }
}

interface AxeViolation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

story('a person sets the dashboard up, and makes a container that reads a secret', async () => {
  await page.goto(readFileSync(join(folder, 'broker', 'setup-link'), 'utf8').trim())
  await mustBeAccessible(page)
  await page.getByLabel('Your name').fill('anna')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByLabel('The password again').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set the password' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()

  await page.getByRole('link', { name: 'Projects', exact: true }).click()
  await page.getByLabel('Project').fill('shop')
  await page.getByLabel('Name').fill('db')
  await page.getByLabel('Reference').fill('dotenv://DB')
  await page.getByRole('button', { name: 'Add secret' }).click()
  await page.getByRole('status').getByText('Added').waitFor()

  await page.getByRole('link', { name: 'Integrations' }).click()
  await page.getByRole('link', { name: 'Create Container' }).click()
  await page.getByLabel('Machine name').fill('checkout')
  await page.getByLabel('Select all').check()
  assert.ok(await page.getByLabel('db', { exact: false }).last().isChecked())
  await page.getByRole('button', { name: 'Provision' }).click()
  await page.getByRole('heading', { name: 'checkout is ready' }).waitFor()
  await page.getByText('15 minutes').waitFor()
  await mustBeAccessible(page)

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download .sikkerkey' }).click(),
  ])
  assert.equal(download.suggestedFilename(), 'checkout.sikkerkey.zip')
  await download.saveAs(join(folder, 'checkout.zip'))
  await page.getByRole('heading', { name: 'The bundle is gone' }).waitFor()
})

story('the bundle of the browser reads the secret, until the machine is disabled', async () => {
  const machine = machineOf(join(folder, 'checkout.zip'))
  const { json } = await broker.resolve(machine, 'shop/db')
  assert.equal(json.answers['shop/db']?.['value'], Buffer.from('canary-browser').toString('base64'))
  await page.getByRole('link', { name: 'Machines', exact: true }).click()
  await page.getByRole('link', { name: 'checkout' }).click()
  await page.getByRole('button', { name: 'Disable' }).click()
  await page.getByRole('status').getByText('Disabled').waitFor()
  assert.equal((await broker.resolve(machine, 'shop/db')).status, 401)
})

story('a passkey is added, logs in, and is refused after it was removed', async () => {
  const session = await context.newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await page.goto('/account')
  await page.getByLabel('Name of the new passkey').fill('Laptop')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByText('Added.').waitFor()
  await page.getByText('Laptop', { exact: false }).first().waitFor()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  await mustBeAccessible(page)
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.goto('/account')
  await page.locator('summary', { hasText: 'Remove' }).click()
  await page.getByRole('button', { name: 'Remove this passkey' }).click()
  await page.getByText('Removed.').waitFor()
  await page.getByRole('button', { name: 'Log out' }).click()
  const before = faults.length
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByRole('alert').getByText('not accepted').waitFor()
  // Chromium writes the refusal to its console.
  faults.splice(before)
  await page.getByLabel('Name').fill('anna')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
})

story('new lines of the audit appear by themselves', async () => {
  await page.goto('/audit')
  await broker.admin('POST', '/v1/machines', { name: 'appears' })
  await page.getByText('appears').waitFor()
})

const PATHS = ['/', '/machines', '/machines/checkout', '/projects', '/projects/shop', '/integrations']

story('every page is accessible', async () => {
  for (const path of [
    ...PATHS,
    '/integrations/docker/create',
    '/audit',
    '/policy',
    '/people',
    '/people/anna',
    '/account',
  ]) {
    await page.goto(path)
    await mustBeAccessible(page)
  }
})

story('the dark colours are accessible', async () => {
  await page.emulateMedia({ colorScheme: 'dark' })
  for (const path of ['/', '/machines/checkout', '/integrations/docker/create', '/audit', '/people/anna']) {
    await page.goto(path)
    await mustBeAccessible(page)
  }
})

story('no page is wider than a small phone', async () => {
  await page.setViewportSize({ width: 360, height: 740 })
  for (const path of [
    ...PATHS,
    '/integrations/docker/bundle',
    '/audit',
    '/policy',
    '/people/anna',
    '/account',
  ]) {
    await page.goto(path)
    const isWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
    assert.equal(await page.evaluate(isWide), false, path)
  }
})

story('the browser asked no other host, and complained about nothing', async () => {
  assert.deepEqual(faults, [])
})
