import { hashOf } from '../../core/audit/chain.ts'
import type { BrokerAudit, BrokerAuditAction } from '../../core/broker/seams.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'

/** The parts that a live file needs. `T`: what its text becomes. */
interface LiveFilePorts<T> {
  readonly clock: Pick<Clock, 'now'>
  readonly audit: BrokerAudit
  readonly path: string
  /** The action of its lines in the audit. */
  readonly action: BrokerAuditAction
  /** Resolves with the content of a file. Rejects with `io` or `too_large`. */
  readonly read: (path: string) => Promise<Uint8Array>
  /** Throws `config`. */
  readonly parse: (path: string, text: string) => T
  /** Returns how much there is, for the audit: `12 rules`. */
  readonly describe: (content: T) => string
  /** Is called when a content takes effect. `isFirst`: there was none before. */
  readonly taken: (content: T, isFirst: boolean) => void
  /** Is called when a newer file is wrong, once for each error in a row. */
  readonly kept: (error: string) => void
}

/** The content of a file that is in effect. */
interface InEffect<T> {
  readonly content: T
  /** SHA-256 of the file, as hexadecimal digits. */
  readonly hash: string
  /** Milliseconds since the epoch. */
  readonly since: number
}

/** A file of the broker that is in effect, and that is read again when it changes. */
interface LiveFile<T> {
  readonly now: () => InEffect<T>
  /** Returns the reason why a newer file is not in effect. */
  readonly error: () => string | undefined
  /** Reads the file again. A file that is wrong changes nothing. Never rejects. */
  reload(): Promise<void>
}

/**
 * Reads a file. Rejects with `io` or `config`. A content takes effect after its audit line is durable. When
 * the file is wrong later, the last good content stays.
 */
export async function openLiveFile<T>(ports: LiveFilePorts<T>): Promise<LiveFile<T>> {
  const { clock, path } = ports
  let now = await load(undefined)
  let error: string | undefined
  let loading: Promise<void> = Promise.resolve()

  async function load(before: InEffect<T> | undefined): Promise<InEffect<T>> {
    const bytes = await ports.read(path)
    const hash = hashOf(bytes)
    if (hash === before?.hash) return before
    const content = ports.parse(path, new TextDecoder().decode(bytes))
    await record('allowed', `${ports.describe(content)}, SHA-256 ${hash}`)
    ports.taken(content, before === undefined)
    return { content, hash, since: clock.now() }
  }

  async function record(outcome: 'allowed' | 'failed', reason: string): Promise<void> {
    const line = { actor: 'broker', action: ports.action, target: path, address: '', outcome } as const
    await ports.audit([{ ...line, at: clock.now(), reason }])
  }

  async function loadAgain(): Promise<void> {
    try {
      now = await load(now)
      error = undefined
    } catch (thrown) {
      const wrong = toLocketError(thrown)
      const text = formatError(wrong)
      // A file that is written in several steps, or touched, is not reported twice.
      if (text === error) return
      error = text
      ports.kept(text)
      await record('failed', wrong.code).catch(() => undefined)
    }
  }

  return {
    now: () => now,
    error: () => error,
    reload() {
      loading = loading.then(loadAgain)
      return loading
    },
  }
}
