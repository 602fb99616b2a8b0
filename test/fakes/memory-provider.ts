import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { packFields } from '../../src/core/vocabulary/fields.ts'
import { createRef, type SecretRef } from '../../src/core/vocabulary/ref.ts'
import { uniqueRefs, type Outcome } from '../../src/core/vocabulary/resolve.ts'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import type { ProviderClient } from '../../src/providers/define.ts'

export interface MemoryProvider extends ProviderClient {
  put(key: string, value: string | Uint8Array): void
  remove(key: string): void
  /** From now on every answer is this error; `undefined` ends it. */
  fail(error: LocketError | undefined): void
  /** From now on nothing is answered before the caller gives up; `false` ends it for later calls. */
  hang(isHanging: boolean): void
  /** From now on every answer waits for this promise. */
  delay(until: Promise<void>): void
  /** The batches that were asked for, by key. */
  readonly batches: readonly (readonly string[])[]
}

/** A ref of this provider, as its `parse` would make it. */
export function memoryRef(key: string, instance = 'memory'): SecretRef {
  return createRef(instance, key, `memory://${key}`, { isAll: key.endsWith('*') })
}

/** The value of a `*` reference, as a provider makes it. */
export function packed(fields: Readonly<Record<string, string>>): Uint8Array {
  return packFields(Object.entries(fields).map(([name, value]) => [name, Secret.fromText(value)])).reveal()
}

/** A secret manager in memory. */
export function createMemoryProvider(
  values: Readonly<Record<string, string | Uint8Array>> = {},
): MemoryProvider {
  const stored = new Map(Object.entries(values).map(([key, value]) => [key, bytesOf(value)]))
  const batches: string[][] = []
  let failure: LocketError | undefined
  let isHanging = false
  let delayed: Promise<void> | undefined
  let isDisposed = false

  function answer(ref: SecretRef): Outcome {
    if (isDisposed) return { ok: false, error: new LocketError('internal', 'the provider is closed') }
    if (failure !== undefined) return { ok: false, error: failure }
    const bytes = stored.get(ref.key)
    if (bytes === undefined)
      return { ok: false, error: new LocketError('not_found', `no secret ${ref.text}`) }
    return { ok: true, secret: { value: new Secret(bytes.slice()) } }
  }

  return {
    batches,
    put: (key, value) => void stored.set(key, bytesOf(value)),
    remove: (key) => void stored.delete(key),
    fail: (error) => {
      failure = error
    },
    hang: (hanging) => {
      isHanging = hanging
    },
    delay: (until) => {
      delayed = until
    },
    async fetch(refs, signal) {
      signal.throwIfAborted()
      const wanted = uniqueRefs(refs)
      if (wanted.length > 0) batches.push(wanted.map((ref) => ref.key))
      if (isHanging) await untilAborted(signal)
      await delayed
      return new Map(wanted.map((ref) => [ref.id, answer(ref)]))
    },
    probe: async () => undefined,
    status: () => undefined,
    async [Symbol.asyncDispose]() {
      isDisposed = true
    },
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  )
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? new TextEncoder().encode(value) : value
}
