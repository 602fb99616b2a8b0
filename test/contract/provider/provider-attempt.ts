import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { formatError, isLocketError } from '../../../src/core/vocabulary/errors.ts'
import type { SecretRef } from '../../../src/core/vocabulary/ref.ts'
import type { Outcomes } from '../../../src/core/vocabulary/resolve.ts'
import type { ProviderClient } from '../../../src/providers/define.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { openSourceFiles } from '../../../src/host/sources/source-files.ts'
import { startWorker } from '../../../src/wire.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'
import type { RecordingLog } from '../../fakes/recording-log.ts'
import type { Backend, ProviderSubject, SettingTexts } from './provider-backend.ts'

/** Values that the suite stores start with this, so that a leak is seen wherever one comes out. */
export const CANARY = 'canary-9f2c-value'
/** Parsers quote no more than the beginning of what they cannot read. */
const CANARY_START = CANARY.slice(0, 9)
const LONG_MS = 20_000

/** A client, with what it logged: everything it says is searched for canaries. */
export interface Opened extends AsyncDisposable {
  readonly client: ProviderClient
  readonly backend: Backend
  readonly log: RecordingLog
  readonly printed: () => string
}

/** Parses texts with the schemas; a setting that is left out has its default. */
export function settingsOf(subject: ProviderSubject, texts: SettingTexts): Readonly<Record<string, unknown>> {
  const { fields } = subject.def.settings
  for (const key of Object.keys(texts)) assert.ok(key in fields, `${key} is no setting`)
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [key, field.schema.parse(texts[key] ?? field.default)]),
  )
}

export function parsed(subject: ProviderSubject, text: string): SecretRef {
  const ref = subject.def.parse(text, subject.def.kind, settingsOf(subject, {}))
  assert.ok(ref !== undefined, `${text} is taken for a foreign reference`)
  return ref
}

export async function open(
  subject: ProviderSubject,
  backend: Backend,
  texts: SettingTexts = backend.settings,
): Promise<Opened> {
  const log = createRecordingLog()
  const settings = settingsOf(subject, texts)
  const none = { env: {}, hiddenNames: new Set<string>() }
  const deps = {
    clock: systemClock(),
    emit: log.emit,
    files: openSourceFiles(),
    startWorker,
    ...none,
    ...backend.deps,
  }
  const client = await subject.def.open(settings, deps, subject.def.kind)
  return {
    client,
    backend,
    log,
    printed: () =>
      inspect([client, settings, log.lines], { depth: 12, showHidden: true }) + JSON.stringify(settings),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

export async function stored(
  subject: ProviderSubject,
  backend: Backend,
  values: Readonly<Record<string, string | Uint8Array>>,
): Promise<SecretRef[]> {
  const refs: SecretRef[] = []
  for (const [name, value] of Object.entries(values)) {
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
    refs.push(parsed(subject, await backend.put(name, bytes)))
  }
  return refs
}

/** A fresh backend with these values, a client on it that ends with the test, and their references. */
export async function prepared(
  t: TestContext,
  subject: ProviderSubject,
  values: Readonly<Record<string, string | Uint8Array>>,
): Promise<Opened & { readonly refs: readonly SecretRef[] }> {
  const backend = await subject.start(t)
  const refs = await stored(subject, backend, values)
  const opened = await open(subject, backend)
  t.after(() => opened.client[Symbol.asyncDispose]())
  return { ...opened, refs }
}

/** Fetches, and fails if an error, the log or the client's own look shows a value or a credential. */
export async function fetched(
  opened: Opened,
  refs: readonly SecretRef[],
  signal: AbortSignal = AbortSignal.timeout(LONG_MS),
): Promise<Outcomes> {
  const canaries = [CANARY_START, ...opened.backend.canaries]
  try {
    const outcomes = await opened.client.fetch(refs, signal)
    assert.deepEqual(new Set(outcomes.keys()), new Set(refs.map((ref) => ref.id)))
    assertSilent(inspect([...outcomes], { depth: 12, showHidden: true }) + opened.printed(), canaries)
    for (const outcome of outcomes.values()) {
      if (outcome.ok) continue
      assert.ok(isLocketError(outcome.error))
      assert.match(formatError(outcome.error), /^(?:[A-Z]+_PROXY |[^\p{Cc}\p{Lu}])[^\p{Cc}]{0,500}$/u)
    }
    return outcomes
  } catch (thrown) {
    assertSilent(inspect(thrown, { depth: 12, showHidden: true }) + opened.printed(), canaries)
    throw thrown
  }
}

/** The code of each outcome, in the order of `refs`. A fetch that rejects counts for every reference. */
export async function codesOf(
  opened: Opened,
  refs: readonly SecretRef[],
  signal?: AbortSignal,
): Promise<string[]> {
  try {
    const outcomes = await fetched(opened, refs, signal)
    return refs.map((ref) => {
      const outcome = outcomes.get(ref.id)
      return outcome?.ok === false ? outcome.error.code : 'ok'
    })
  } catch (thrown) {
    if (!isLocketError(thrown)) throw thrown
    return refs.map(() => thrown.code)
  }
}

/** The values as text, in the order of `refs`. */
export async function textsOf(opened: Opened, refs: readonly SecretRef[]): Promise<string[]> {
  return (await bytesOf(opened, refs)).map((bytes) => new TextDecoder().decode(bytes))
}

export async function bytesOf(opened: Opened, refs: readonly SecretRef[]): Promise<Uint8Array[]> {
  const outcomes = await fetched(opened, refs)
  return refs.map((ref) => {
    const outcome = outcomes.get(ref.id)
    assert.ok(
      outcome?.ok === true,
      `${ref.text}: ${outcome?.ok === false ? formatError(outcome.error) : 'no outcome'}`,
    )
    return outcome.secret.value.reveal()
  })
}

/** Fails when `pending` takes longer. */
export async function within<T>(ms: number, pending: Promise<T>): Promise<T> {
  const stop = new AbortController()
  const late = async (): Promise<never> => {
    await sleep(ms, undefined, { signal: stop.signal })
    assert.fail(`not settled after ${ms} ms`)
  }
  try {
    return await Promise.race([pending, late()])
  } finally {
    stop.abort()
  }
}

function assertSilent(printed: string, canaries: readonly string[]): void {
  for (const canary of canaries) assert.ok(!printed.includes(canary), `printed: ${printed.slice(0, 2000)}`)
}
