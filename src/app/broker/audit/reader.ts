import { auditLine, type AuditHead, type AuditRow } from '../../../core/broker/audit/chain-rows.ts'
import { signHead, type SignedHead } from '../../../core/broker/audit/signed-head.ts'
import { rawPublicKey, toBase64, type Key } from '../../../core/broker/keys.ts'
import type { AuditFilter, AuditStore } from '../../../core/ports/broker-store.ts'
import type { Clock } from '../../../core/ports/clock.ts'

/** One page of the audit. */
interface AuditPage {
  /** The newest first. */
  readonly rows: readonly AuditRow[]
  /** `before` of the next page. Undefined: there are no older lines. */
  readonly next: number | undefined
}

/** A piece of the chain. */
interface AuditLines {
  /** The hash that the first line names as `prev`. */
  readonly previous: AuditHead
  /** Lines as they are hashed, without line breaks, the oldest first. */
  readonly lines: readonly string[]
  /** `after` of the next piece. Undefined: these are the last lines. */
  readonly next: number | undefined
}

/** The audit of a broker, for people. */
export interface AuditReader {
  /** Resolves with lines that pass the filter, at most `most` (1 to 1000, 100 if left out). */
  list(filter?: AuditFilter, most?: number): Promise<AuditPage>
  /** Resolves with the lines after a number, at most `most` (1 to 1000): for `verify` and `export`. */
  lines(after: number, most: number): Promise<AuditLines>
  /** Resolves with the last line's number and hash, signed by the broker's key. */
  head(): Promise<SignedHead & { readonly serverKey: string }>
}

const MOST_ROWS = 1000
const USUAL_ROWS = 100

/** Returns the reader of an audit. `key` signs heads. */
export function createAuditReader(
  store: AuditStore,
  { key, clock }: { readonly key: Key; readonly clock: Clock },
): AuditReader {
  const serverKey = toBase64(rawPublicKey(key))

  /** The line before the first one that is there after `seq`. */
  async function before(seq: number): Promise<AuditHead> {
    const base = await store.base()
    if (seq <= base.seq) return base
    const [row] = await store.after(seq - 1, 1)
    return row ?? (await store.head())
  }

  return {
    async list(filter = {}, most = USUAL_ROWS) {
      const count = Math.min(Math.max(1, most), MOST_ROWS)
      const found = await store.newest(filter, count + 1)
      const rows = found.slice(0, count)
      return { rows, next: found.length > count ? rows.at(-1)?.seq : undefined }
    },

    async lines(after, most) {
      const count = Math.min(Math.max(1, most), MOST_ROWS)
      const { seq, hash } = await before(after)
      const rows = await store.after(seq, count)
      let previous = hash
      const lines = rows.map((row) => {
        const line = auditLine(row, previous)
        previous = row.hash
        return line
      })
      return { previous: { seq, hash }, lines, next: rows.length < count ? undefined : rows.at(-1)?.seq }
    },

    async head() {
      return { ...signHead(await store.head(), key, clock.now()), serverKey }
    },
  }
}
