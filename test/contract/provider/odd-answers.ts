import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import * as fc from 'fast-check'
import { formatError, isLocketError } from '../../../src/core/vocabulary/errors.ts'
import { CANARY, fetched, open, parsed, within } from './provider-attempt.ts'
import type { Opened } from './provider-attempt.ts'
import type { ProviderSubject, SettingTexts } from './provider-backend.ts'

const DEADLINE_MS = 250

/** Everything that is needed to give a provider any answer at any step of its protocol. */
export interface OddSubject {
  readonly subject: ProviderSubject
  settings(url: string): SettingTexts
  readonly references: readonly string[]
  /** The steps, in the order in which they are recognized; `good` is the answer of a correct server. */
  readonly steps: readonly {
    readonly name: string
    readonly isAt: (url: string) => boolean
    readonly good: string
  }[]
  /** Keys of the protocol, to be found in odd answers too. */
  readonly keys: readonly string[]
  /** Odd in one part alone: a good answer around what is odd. */
  readonly around?: readonly ((odd: unknown) => unknown)[]
  readonly canaries: readonly string[]
}

/** A client on a server that answers as `listener` likes. */
export async function onServer(
  t: Pick<TestContext, 'after'>,
  odd: Pick<OddSubject, 'subject' | 'settings' | 'canaries'>,
  listener: RequestListener,
): Promise<Opened> {
  const url = await listening(t, listener)
  const opened = await openAt(odd, url)
  t.after(() => opened.client[Symbol.asyncDispose]())
  return opened
}

/** For any answer a provider returns values or locket's errors, in time, and shows nothing of a body. */
export function oddAnswers(odd: OddSubject): void {
  const { subject, steps } = odd
  const refs = odd.references.map((text) => parsed(subject, text))

  test(`${subject.def.kind}: any answer gives a value, or an error that shows none of it`, async (t) => {
    let now: Oddity = { at: '', how: 'json', json: '', status: 200 }
    const url = await listening(t, (request, response) => {
      const step = steps.find(({ isAt }) => isAt(request.url ?? ''))
      if (step === undefined) response.writeHead(404).end()
      else if (step.name === now.at) answer(response, now)
      else response.end(step.good)
    })
    const seen = { values: 0, failures: 0 }
    await fc.assert(
      fc.asyncProperty(oddity(odd), async (next) => {
        now = next
        await using opened = await openAt(odd, url)
        // `fetched` searches every error and log line for the canary, which is in every text of the answers.
        const pending = fetched(opened, refs, AbortSignal.timeout(DEADLINE_MS))
        for (const outcome of (await within(DEADLINE_MS + 1000, pending)).values()) {
          seen[outcome.ok ? 'values' : 'failures'] += 1
          if (!outcome.ok) assert.ok(isOurs(outcome.error), formatError(outcome.error))
        }
      }),
      { seed: 7, numRuns: 150 },
    )
    // With a single step each answer is odd, and hardly any of them holds a value.
    const least = steps.length === 1 ? 0 : 10
    assert.ok(seen.failures > 50 && seen.values > least, JSON.stringify(seen))
  })

  test(`${subject.def.kind}: an answer that is deep or wide is refused before it holds up others`, async (t) => {
    const [last] = steps.slice(-1)
    let body = ''
    const opened = await onServer(t, odd, (request, response) => {
      const step = steps.find(({ isAt }) => isAt(request.url ?? ''))
      response.end(step === last ? body : step?.good)
    })
    for (const hostile of [
      '['.repeat(3_000_000),
      `[${'{},'.repeat(900_000)}0]`,
      `{"data":${'['.repeat(100)}`,
    ]) {
      body = hostile
      const longest = monitorEventLoopDelay({ resolution: 10 })
      longest.enable()
      const outcomes = await within(20_000, fetched(opened, refs.slice(0, 1)))
      longest.disable()
      const codes = [...outcomes.values()].map((outcome) => (outcome.ok ? 'ok' : outcome.error.code))
      assert.ok(['too_large', 'provider_protocol'].includes(codes[0] ?? ''), codes.join())
      assert.ok(longest.max < 2e9, `${longest.max / 1e6} ms`)
    }
  })

  test(`${subject.def.kind}: an answer without end is given up, with its connection`, async (t) => {
    const last = steps.at(-1)
    let sent = 0
    const closed = Promise.withResolvers<void>()
    const opened = await onServer(t, odd, (request, response) => {
      const step = steps.find(({ isAt }) => isAt(request.url ?? ''))
      if (step !== last) {
        response.end(step?.good)
        return
      }
      response.once('close', () => closed.resolve())
      pour(response, (bytes) => (sent += bytes))
    })
    const outcomes = await within(20_000, fetched(opened, refs.slice(0, 1)))
    assert.ok([...outcomes.values()].every((outcome) => !outcome.ok && outcome.error.code === 'too_large'))
    await within(1000, closed.promise)
    assert.ok(sent < 200 * 1024 * 1024, `${sent} bytes`)
  })
}

function isOurs(error: unknown): boolean {
  return isLocketError(error) && error.code !== 'internal'
}

async function openAt(
  { subject, settings, canaries }: Pick<OddSubject, 'subject' | 'settings' | 'canaries'>,
  url: string,
): Promise<Opened> {
  return await open(subject, {
    settings: settings(url),
    put: () => Promise.reject(new Error('nothing to put')),
    missing: '',
    canaries: [...canaries, CANARY],
    knobs: {},
  })
}

async function listening(t: Pick<TestContext, 'after'>, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Oddity {
  readonly at: string
  readonly how: 'json' | 'status' | 'truncated' | 'cut' | 'bytes' | 'text' | 'gzip' | 'hang'
  readonly json: string
  readonly status: number
}

/** Anything that JSON can say, with the canary in every text, and the keys of the protocol among the keys. */
function oddity({ steps, keys, around = [] }: OddSubject): fc.Arbitrary<Oddity> {
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, tie('leaf'), fc.array(tie('tree'), { maxLength: 4 }), tie('object')),
    leaf: fc.oneof(
      fc.constant(CANARY),
      fc.constant(null),
      fc.integer(),
      fc.boolean(),
      fc.double(),
      fc.constant(''),
    ),
    object: fc.dictionary(fc.constantFrom('__proto__', ...keys), tie('tree')),
  }))
  const wrapped = around.map((wrap) => tree.map(wrap))
  return fc.record({
    at: fc.constantFrom(...steps.map(({ name }) => name)),
    how: fc.constantFrom(
      'json',
      'json',
      'json',
      'status',
      'truncated',
      'cut',
      'bytes',
      'text',
      'gzip',
      'hang',
    ),
    json: fc.oneof(tree, ...wrapped).map((value) => JSON.stringify(value)),
    status: fc.constantFrom(200, 204, 206, 300, 304, 400, 401, 403, 404, 413, 429, 500, 503, 599),
  })
}

function answer(response: ServerResponse, odd: Oddity): void {
  const body = Buffer.from(odd.json)
  const half = body.subarray(0, body.length >> 1)
  if (odd.how === 'json') response.end(body)
  if (odd.how === 'status')
    response.writeHead(odd.status).end(odd.status === 204 || odd.status === 304 ? undefined : body)
  if (odd.how === 'truncated') response.end(half)
  if (odd.how === 'cut')
    response.writeHead(200, { 'content-length': body.length + 1 }).write(half, () => response.destroy())
  if (odd.how === 'bytes') response.end(Buffer.concat([Buffer.from([0xff, 0xfe, 0]), Buffer.from(CANARY)]))
  if (odd.how === 'text') response.end(`${CANARY} ${odd.json}`)
  if (odd.how === 'gzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(body)
}

function pour(response: ServerResponse, count: (bytes: number) => void): void {
  const chunk = Buffer.alloc(1024 * 1024, `"${CANARY}",`)
  const more = (): void => {
    while (!response.destroyed) {
      count(chunk.length)
      if (!response.write(chunk)) break
    }
  }
  response.on('drain', more)
  response.write('[')
  more()
}
