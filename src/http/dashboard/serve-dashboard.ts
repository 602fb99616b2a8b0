import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Dashboard } from '../../app/dashboard/dashboard.ts'
import type { Visit } from '../../app/dashboard/sessions.ts'
import { createNonce } from '../../core/broker/tokens.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { bodyBytes, factsOfRefusal, type RefusalFacts } from '../broker/broker-server.ts'
import { ASSETS } from './assets/assets.ts'
import { html } from './html/html.ts'
import { plain } from './html/layout.ts'
import { packedPage } from './packed-page.ts'
import type { OpenRequest, PageAnswer, PageRequest, Route, SetCookie } from './route.ts'
import { ROUTES } from './routes.ts'
import { COOKIES, readCookies, writeCookie } from './session/cookies.ts'
import { readSent } from './session/forms.ts'
import { formTokenOf, isFromElsewhere, mustBeOwn, mustFit, originOf } from './session/guard.ts'

/** The options of the dashboard. */
interface DashboardOptions {
  readonly dashboard: Dashboard
  readonly clock: Clock
  readonly emit: Emit
  /** The origin of a proxy with TLS. Undefined: the dashboard is used on a port of this host. */
  readonly url: string | undefined
}

/** Nothing of another host, nothing inline, no frame around it. */
const SAFE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  // Not `no-referrer`: browsers then send `Origin: null` with forms.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'camera=(), geolocation=(), microphone=(), payment=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
} as const

const VISIT_S = 3600
/** The codes of mistakes in a form, after which it is shown again. */
const MISTAKES: ReadonlySet<string> = new Set([
  'usage',
  'config',
  'ref_syntax',
  'rate_limited',
  'auth',
  'not_found',
])

/** Adds the pages of the dashboard and its files. */
export function serveDashboard(server: FastifyInstance, options: DashboardOptions): void {
  const { emit, url } = options
  const isTls = url?.startsWith('https:') === true
  server.addHook('onRequest', async (_request, reply) => void reply.headers(SAFE_HEADERS))
  server.setErrorHandler(async (thrown, request, reply) =>
    sendRefusal(request, reply, factsOfRefusal(thrown, emit)),
  )
  for (const { name, type, zipped } of Object.values(ASSETS))
    server.get(`/assets/${name}`, async (_request, reply) =>
      reply
        .headers({
          'content-type': type,
          'content-encoding': 'gzip',
          'cache-control': 'public, max-age=31536000, immutable',
        })
        .send(Buffer.from(zipped)),
    )
  server.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok\n'))
  for (const route of ROUTES)
    server.route({
      method: route.method,
      url: route.path,
      handler: async (request, reply) => await answer(route, request, reply),
    })

  async function answer(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { headers } = request
    const origin = originOf(headers, { url })
    const cookies = readCookies(headers.cookie, isTls)
    if (route.method === 'POST') mustBeOwn(headers, origin)
    const session = cookies.get(COOKIES.session)
    const visit =
      session === undefined
        ? undefined
        : await options.dashboard.sessions.find(session, headers['x-live'] !== undefined)
    if (route.isOpen !== true && visit === undefined) return toLogin(request, reply)
    // A form belongs to the session, or before a login to a cookie of the visit.
    const known = visit === undefined ? cookies.get(COOKIES.visit) : session
    const cookie = known ?? createNonce()
    if (known === undefined) setCookies(reply, [{ name: COOKIES.visit, value: cookie, maxAgeS: VISIT_S }])
    const checked = {
      ...read(request, known),
      dashboard: options.dashboard,
      visitor: {
        address: request.raw.socket.remoteAddress ?? '',
        agent: headers['user-agent'] ?? '',
      },
      cookies,
      csrf: formTokenOf(cookie),
      origin,
      isFromElsewhere: isFromElsewhere(headers),
      now: options.clock.now(),
      problem: undefined,
    }
    return await send(request, reply, await run(route, checked, visit, reply))
  }

  function read(request: FastifyRequest, cookie: string | undefined) {
    const at = request.params as Readonly<Record<string, string>>
    const { searchParams: query } = new URL(request.raw.url ?? '', 'http://dashboard')
    if (request.method !== 'POST') return { at, query, form: new URLSearchParams(), json: undefined }
    const { form, json } = readSent(request.headers['content-type'], bodyBytes(request.body))
    const header = request.headers['x-form']
    mustFit(form.get('_form') ?? (typeof header === 'string' ? header : ''), cookie)
    return { at, query, form, json }
  }

  /** After a mistake in a form, it is shown again with what was typed. */
  async function run(
    route: Route,
    checked: Omit<OpenRequest, 'visit'>,
    visit: Visit | undefined,
    reply: FastifyReply,
  ): Promise<PageAnswer> {
    try {
      return await handle(route.run, { ...checked, visit })
    } catch (thrown) {
      const refusal = factsOfRefusal(thrown, emit)
      if (route.again === undefined || !MISTAKES.has(refusal.code)) throw thrown
      reply.code(refusal.status)
      if (refusal.retryAfter !== undefined) reply.header('retry-after', refusal.retryAfter)
      return await handle(route.again, { ...checked, visit, problem: refusal.sentences })
    }
  }

  function toLogin(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (request.method !== 'GET') throw new LocketError('auth', 'you are not logged in any more')
    const wanted = request.raw.url ?? '/'
    return reply.redirect(wanted === '/' ? '/login' : `/login?next=${encodeURIComponent(wanted)}`, 303)
  }

  function setCookies(reply: FastifyReply, cookies: readonly SetCookie[]): void {
    for (const cookie of cookies) reply.header('set-cookie', writeCookie(cookie, isTls))
  }

  async function send(
    { method, headers }: FastifyRequest,
    reply: FastifyReply,
    sent: PageAnswer,
  ): Promise<FastifyReply> {
    setCookies(reply, sent.cookies ?? [])
    if (sent.kind === 'redirect') return reply.redirect(sent.to, 303)
    if (sent.kind === 'json') return reply.type('application/json').send(JSON.stringify(sent.value))
    if (sent.kind === 'page') {
      const page = await packedPage(sent.html.text, { method, accepts: headers['accept-encoding'] })
      return reply.headers(page.headers).type('text/html; charset=utf-8').send(page.bytes)
    }
    const { bytes, name } = sent
    reply.raw.once('close', () => bytes.fill(0))
    return reply
      .headers({ 'content-type': 'application/zip', 'content-disposition': `attachment; filename="${name}"` })
      .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }
}

/** Calls a function of a route. The caller has checked that a closed route has a visit. */
function handle(work: Route['run'], request: OpenRequest): Promise<PageAnswer> {
  return (work as (request: OpenRequest | PageRequest) => Promise<PageAnswer>)(request)
}

function sendRefusal(request: FastifyRequest, reply: FastifyReply, refusal: RefusalFacts): FastifyReply {
  const { status, sentences, retryAfter } = refusal
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  reply.code(status)
  if (request.headers['content-type']?.startsWith('application/json') === true)
    return reply.type('application/json').send(JSON.stringify({ error: sentences }))
  const title = TITLES[status] ?? 'This does not work'
  const page = plain(
    title,
    html`<h1>${title}</h1>
      <p>${sentences}</p>
      <p><a href="/">Go to the overview</a></p>`,
  )
  return reply.type('text/html; charset=utf-8').send(page.text)
}

const TITLES: Readonly<Record<number, string>> = {
  401: 'Log in again',
  403: 'Not allowed',
  404: 'Not found',
  429: 'Too many requests',
}
