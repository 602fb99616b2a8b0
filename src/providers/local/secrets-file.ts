import { isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { OwnFiles, SourceFiles } from '../../core/ports/files.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { SecretStore } from '../../core/ports/secret-store.ts'
import { parseSecretName, type SecretName } from '../../core/vocabulary/secret-name.ts'
import { type AgeKey, createKeyText, loadAge, parseAgeKey } from '../lib/age/age-key.ts'
import { type Entries, entryOf, formatDocument, sizeOf, valueOf } from './document.ts'
import { missing } from './missing.ts'
import {
  createLocalReader,
  type LocalPaths,
  MAX_FILE_BYTES,
  localProblems,
  readKeyText,
  readSealed,
} from './reader.ts'

const MODE = 0o600
/** The advice to a user who removes a secret that is not there. */
const LISTED = '`locket secret list` shows the names'

/** The parts of the machine that `openSecretFile` needs. */
interface SecretFileDeps {
  readonly clock: Clock
  readonly emit: Emit
  readonly files: SourceFiles
  readonly own: OwnFiles
}

/**
 * Opens the store for `locket secret`, which writes the files that the provider `local` reads. Reading
 * creates no file. Throws `config` if the paths cannot work.
 */
export function openSecretFile(paths: LocalPaths, deps: SecretFileDeps): SecretStore {
  const { clock, files, emit, own } = deps
  const [problem] = localProblems(paths)
  if (problem !== undefined) throw new LocketError('config', problem)
  const reader = createLocalReader(paths, files, emit)

  function entryNamed(entries: Entries, name: SecretName, advice?: string) {
    const entry = entries.get(name)
    if (entry !== undefined) return entry
    throw missing(name, name, entries, { path: paths.file, ...(advice === undefined ? {} : { advice }) })
  }

  /** Returns all secrets, none if there is no file yet. Rejects if only the key file is missing. */
  async function stored(): Promise<Entries> {
    const sealed = await unlessMissing(() => readSealed(paths, files))
    return sealed === undefined ? new Map() : await reader.entries()
  }

  /** Runs `body` under the lock of the secrets file, so that it reads the result of every earlier writer. */
  async function changing<T>(signal: AbortSignal, body: () => Promise<T>): Promise<T> {
    // The package is loaded before the lock is taken, because loading it takes longer than a change.
    await loadAge()
    return own.exclusively(paths.file, signal, body)
  }

  async function write(key: AgeKey, entries: Entries): Promise<void> {
    const plain = formatDocument(entries)
    try {
      const sealed = await key.seal(plain)
      if (sealed.byteLength > MAX_FILE_BYTES) {
        throw new LocketError(
          'too_large',
          `${paths.file} would be larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`,
        )
      }
      await own.replace(paths.file, sealed, MODE)
    } finally {
      plain.fill(0)
    }
  }

  /** Creates the key file under its own lock, because another secrets file may use the same key. */
  function makeKey(signal: AbortSignal): Promise<string[]> {
    return own.exclusively(paths.key, signal, async () => {
      if ((await unlessMissing(() => reader.key())) !== undefined) return []
      await own.replace(paths.key, Buffer.from(await createKeyText(clock.now())), MODE)
      return [paths.key]
    })
  }

  async function existingOrNew(signal: AbortSignal): Promise<{ entries: Entries; made: string[] }> {
    if ((await unlessMissing(() => readSealed(paths, files))) !== undefined) {
      return { entries: await reader.entries(), made: [] }
    }
    return { entries: new Map(), made: [...(await makeKey(signal)), paths.file] }
  }

  return {
    async list() {
      return [...(await stored())].map(([name, entry]) => ({
        name: parseSecretName(name),
        sizeBytes: sizeOf(entry),
        updatedAt: Date.parse(entry.updated),
      }))
    },

    async get(name) {
      return valueOf(entryNamed(await reader.entries(), name))
    },

    set: (values, signal, { mayReplace = true } = {}) =>
      changing(signal, async () => {
        const { entries, made } = await existingOrNew(signal)
        const replaced = new Set([...values.keys()].filter((name) => entries.has(name)))
        if (!mayReplace && replaced.size > 0) throw occupied(replaced)
        for (const [name, value] of values) entries.set(name, entryOf(value, clock.now()))
        await write(await reader.key(), entries)
        return { replaced, made }
      }),

    remove: (names, signal) =>
      changing(signal, async () => {
        const entries = await stored()
        for (const name of names) entryNamed(entries, name, LISTED)
        for (const name of names) entries.delete(name)
        await write(await reader.key(), entries)
      }),

    rotateKey: (signal) =>
      changing(signal, async () => {
        const entries = await reader.entries()
        const old = Buffer.from(await readKeyText(paths, files)).toString('latin1')
        const fresh = await createKeyText(clock.now())
        // The key file can decrypt the secrets file at every moment: it first holds both keys, and at the end
        // only the new one.
        await own.replace(paths.key, Buffer.from(fresh + old), MODE)
        await write(await reader.key(), entries)
        await own.replace(paths.key, Buffer.from(fresh), MODE)
        return (await parseAgeKey(fresh, paths.key)).recipient()
      }),
  }
}

/** Names in a message about secrets that are there already. */
const MOST_NAMED = 5

function occupied(names: ReadonlySet<SecretName>): LocketError {
  const shown = [...names].slice(0, MOST_NAMED).map((name) => `local://${name}`)
  const rest = names.size > MOST_NAMED ? ` and ${names.size - MOST_NAMED} more` : ''
  const verb = names.size === 1 ? 'has a value' : 'have values'
  return new LocketError('usage', `${shown.join(', ')}${rest} ${verb} already: nothing is stored`, {
    hint: '--force replaces them',
  })
}

async function unlessMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (thrown) {
    if (isLocketError(thrown) && thrown.code === 'credential_missing') return undefined
    throw thrown
  }
}
