import { isLocketError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { packFields } from '../../core/vocabulary/fields.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { type Outcome, uniqueRefs } from '../../core/vocabulary/resolve.ts'
import { parseSecretName } from '../../core/vocabulary/secret-name.ts'
import { unlessAborted } from '../../core/waiting/unless-aborted.ts'
import { field, section } from '../../settings/field.ts'
import { AbsolutePath } from '../../settings/kinds.ts'
import { defineProvider, type ProviderClient, type ProviderDeps } from '../define.ts'
import { type Entries, valueOf } from './document.ts'
import { missing } from './missing.ts'
import { createLocalReader, type LocalPaths, localProblems } from './reader.ts'
import { namesInFolder, parseLocalRef } from './refs.ts'
import { providerError } from '../lib/provider-error.ts'

/** The settings of the provider `local`. */
export const localSettings = section('local', 'Embedded store (local)', {
  file: field({
    name: 'local-file',
    env: 'LOCKET_LOCAL_FILE',
    schema: AbsolutePath,
    default: '/etc/locket/secrets.age',
    userDefault: 'secrets.age',
    summary: 'the age-encrypted file that holds the secrets',
    placeholder: 'FILE',
    file: true,
  }),
  key: field({
    name: 'local-key',
    env: 'LOCKET_LOCAL_KEY',
    schema: AbsolutePath,
    default: '/etc/locket/local.key',
    userDefault: 'local.key',
    summary: 'the age identity that opens it',
    placeholder: 'FILE',
    file: true,
  }),
})

/** The provider `local`: one age-encrypted file on this machine, without account and network. */
export const local = defineProvider({
  kind: 'local',
  title: 'Embedded store: one age-encrypted file',
  schemes: ['local'],
  autoRefresh: { files: ({ file }) => [file] },
  example: 'local://db/password',
  settings: localSettings,
  parse: (text, instance) => parseLocalRef(text, instance),
  check: localProblems,
  open: async (paths, deps) => openLocal(paths, deps),
  isLocal: true,
})

function openLocal(paths: LocalPaths, deps: ProviderDeps): ProviderClient {
  const reader = createLocalReader(paths, deps.files, deps.emit)
  const read = merged(() => reader.entries())
  let isClosed = false
  return {
    async fetch(refs, signal) {
      if (refs.length === 0) return new Map()
      // A read continues when one caller gives up, because others may share it.
      const reading = () => unlessAborted(read, signal, () => givenUp(signal, paths.file)).catch(asFailure)
      const opened = isClosed ? closed() : await reading()
      return new Map(uniqueRefs(refs).map((ref) => [ref.id, outcomeOf(ref, opened, paths.file)]))
    },
    async probe(signal) {
      await unlessAborted(read, signal, () => givenUp(signal, paths.file))
    },
    status: () => undefined,
    async [Symbol.asyncDispose]() {
      isClosed = true
    },
  }
}

function outcomeOf(ref: SecretRef, opened: Entries | LocketError, path: string): Outcome {
  if (isLocketError(opened)) return { ok: false, error: opened }
  if (ref.isAll === true) return allOutcome(ref, opened, path)
  const name = parseSecretName(ref.key)
  const entry = opened.get(name)
  if (entry !== undefined) return { ok: true, secret: { value: valueOf(entry) } }
  return { ok: false, error: missing(name, ref.text, opened, { path }) }
}

/** Returns all secrets right in the folder of a `*` reference. Those in folders below it are left out. */
function allOutcome({ key, text }: SecretRef, opened: Entries, path: string): Outcome {
  const folder = key.slice(0, key.lastIndexOf('*'))
  const fields = namesInFolder(key, opened.keys()).flatMap((name) => {
    const entry = opened.get(parseSecretName(`${folder}${name}`))
    return entry === undefined ? [] : [[name, valueOf(entry)] as const]
  })
  try {
    if (fields.length > 0) return { ok: true, secret: { value: packFields(fields) } }
    const reason = `${path} has no secret right in the folder of ${text}`
    return { ok: false, error: new LocketError('not_found', reason, { names: ['references'] }) }
  } catch (thrown) {
    return { ok: false, error: toLocketError(thrown) }
  }
}

function closed(): LocketError {
  return providerError('internal', 'provider local is closed')
}

function asFailure(thrown: unknown): LocketError {
  if (isLocketError(thrown)) return thrown
  throw thrown
}

/**
 * Merges calls: the calls that arrive while `load` runs share the next run. That run starts after they
 * arrived, so no caller gets data that was read before it asked.
 */
function merged<T>(load: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | undefined
  return () => {
    next ??= running.then(() => {
      next = undefined
      const loaded = load()
      running = loaded.then(nothing, nothing)
      return loaded
    })
    return next
  }
}

/** Replaces the result in the queue, so that the queue keeps no decrypted entries alive. */
function nothing(): void {}

function givenUp(signal: AbortSignal, path: string): LocketError {
  if (isLocketError(signal.reason)) return signal.reason
  const isDeadline = signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
  return isDeadline
    ? new LocketError('timeout', `${path} was not read before the deadline`)
    : new LocketError('aborted', `reading ${path} was given up`)
}
