import { readFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { startBroker, type BrokerOptions, type TestBroker } from './broker.ts'
import { untilLogged } from './until-logged.ts'

/** An answer of the dashboard. */
export interface PageReply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
  readonly bytes: Buffer
}

/** A browser of a test: it keeps cookies, and sends the token of the last form. */
export interface TestBrowser {
  readonly cookies: Map<string, string>
  get(path: string, headers?: http.OutgoingHttpHeaders): Promise<PageReply>
  /** Sends a form. The token is that of the page that was read last, if the fields have none. */
  post(
    path: string,
    fields?: Readonly<Record<string, string | readonly string[]>>,
    headers?: http.OutgoingHttpHeaders,
  ): Promise<PageReply>
  /** Sends JSON with the token of the last form, as the script does. */
  call(path: string, value?: unknown): Promise<PageReply>
  /** Sends a form, and follows to the page behind it. */
  change(path: string, fields?: Readonly<Record<string, string | readonly string[]>>): Promise<PageReply>
}

/** A broker with its dashboard, and an administrator who is logged in. */
export interface TestDashboard {
  readonly broker: TestBroker
  readonly port: number
  readonly url: string
  /** The browser of the administrator `anna`. */
  readonly anna: TestBrowser
  /** A browser of nobody. */
  browser(): TestBrowser
  /** Adds a person with permissions such as `provision shop`, and resolves with their browser. */
  member(name: string, rights: readonly string[]): Promise<TestBrowser>
}

/** The password of all people in tests. */
export const PASSWORD = 'correct horse battery'

/** Waits until the broker logs where its dashboard is, and returns that URL. */
export async function dashboardUrl(broker: TestBroker): Promise<string> {
  const [, url = ''] = await untilLogged(
    () => broker.output(),
    /the dashboard is at (http:\/\/localhost:\d+)/,
  )
  return url
}

/** Starts a broker with a dashboard on a free port, and sets the administrator up. */
export async function startDashboard(options: BrokerOptions): Promise<TestDashboard> {
  const broker = await startBroker({ dashboard: '127.0.0.1:0', ...options })
  const url = await dashboardUrl(broker)
  const port = Number(new URL(url).port)
  const browser = (): TestBrowser => createBrowser(port)
  const anna = browser()
  const link = readFileSync(join(options.folder, 'broker', 'setup-link'), 'utf8').trim()
  await setUp(anna, link, 'anna')
  return {
    broker,
    port,
    url,
    anna,
    browser,
    async member(name, rights) {
      await anna.get('/people')
      const { text } = await anna.post('/people', { name })
      const shown = /http:\/\/\S*?\/setup\?token=\w+/.exec(text)?.[0] ?? ''
      await anna.get(`/people/${name}`)
      await anna.post(`/people/${name}/rights`, { right: rights })
      const own = browser()
      await setUp(own, shown, name)
      return own
    },
  }
}

/** Uses a setup link. */
export async function setUp(browser: TestBrowser, link: string, name: string): Promise<void> {
  const { pathname, search, searchParams } = new URL(link)
  await browser.get(`${pathname}${search}`)
  const token = searchParams.get('token') ?? ''
  const { status, text } = await browser.post('/setup', { token, name, password: PASSWORD, again: PASSWORD })
  if (status !== 303) throw new Error(`the setup failed: ${status} ${text}`)
}

/** Logs a browser in. */
export async function logIn(browser: TestBrowser, name: string, password = PASSWORD): Promise<PageReply> {
  await browser.get('/login')
  return await browser.post('/login', { name, password })
}

/** Returns a browser without cookies. `port`: that of the dashboard. */
export function createBrowser(port: number): TestBrowser {
  const cookies = new Map<string, string>()
  let form = ''

  async function ask(
    method: string,
    path: string,
    headers: http.OutgoingHttpHeaders,
    body?: string,
  ): Promise<PageReply> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const own = { host: `localhost:${port}`, ...(cookie === '' ? {} : { cookie }) }
    const reply = await send(port, { method, path, headers: { ...own, ...headers } }, body)
    for (const line of reply.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    form = /name="_form" value="([^"]+)"/.exec(reply.text)?.[1] ?? form
    return reply
  }

  const browser: TestBrowser = {
    cookies,
    get: (path, headers = {}) => ask('GET', path, headers),
    post(path, fields = {}, headers = {}) {
      const body = new URLSearchParams()
      for (const [name, value] of Object.entries({ _form: form, ...fields }))
        for (const one of typeof value === 'string' ? [value] : value) body.append(name, one)
      const type = 'application/x-www-form-urlencoded'
      const own = { origin: `http://localhost:${port}`, 'content-type': type }
      return ask('POST', path, { ...own, ...headers }, body.toString())
    },
    call(path, value = {}) {
      const own = { origin: `http://localhost:${port}`, 'content-type': 'application/json', 'x-form': form }
      return ask('POST', path, own, JSON.stringify(value))
    },
    async change(path, fields = {}) {
      const { status, headers, text } = await browser.post(path, fields)
      if (status !== 303) throw new Error(`${path}: ${status} ${text}`)
      return await browser.get(headers.location ?? '')
    },
  }
  return browser
}

function send(port: number, options: http.RequestOptions, body?: string): Promise<PageReply> {
  const { promise, resolve, reject } = Promise.withResolvers<PageReply>()
  const asked = http.request({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', reject)
    response.on('end', () => {
      const bytes = Buffer.concat(chunks)
      const { statusCode: status = 0, headers } = response
      resolve({ status, headers, text: bytes.toString(), bytes })
    })
  })
  asked.on('error', reject)
  asked.end(body)
  return promise
}
