import { sql, type Database, type Statement } from '../sql.ts'

/** The use of a nonce by a machine. */
interface NonceRow {
  readonly machine: string
  readonly nonce: string
  readonly expires: number
}

interface Waiting extends NonceRow {
  readonly done: (isNew: boolean) => void
  readonly failed: (thrown: unknown) => void
}

/** The most rows of one statement. Each smaller number has a text of its own. */
const ROWS_AT_ONCE = 16

/**
 * Returns the function that stores a nonce, and resolves with false if the machine has used it before. Nonces
 * that come in the same turn of the event loop share a statement: a commit for each took as long as the check
 * of a signature.
 */
export function createNonceTable({
  runQuickly,
}: Pick<Database, 'runQuickly'>): (use: NonceRow) => Promise<boolean> {
  let waiting: Waiting[] = []

  function storeAll(): void {
    const all = waiting
    waiting = []
    for (let at = 0; at < all.length; at += ROWS_AT_ONCE) void storeGroup(all.slice(at, at + ROWS_AT_ONCE))
  }

  async function storeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const rows = await runQuickly(insertionOf(group))
      const stored = new Set(rows.map(({ machine, nonce }) => `${String(machine)} ${String(nonce)}`))
      // Deleted when it is seen: of two equal uses in one group, one is the first.
      for (const { machine, nonce, done } of group) done(stored.delete(`${machine} ${nonce}`))
    } catch (thrown) {
      for (const { failed } of group) failed(thrown)
    }
  }

  return (use) =>
    new Promise((done, failed) => {
      if (waiting.push({ ...use, done, failed }) === 1) setImmediate(storeAll)
    })
}

const INSERTS = Array.from({ length: ROWS_AT_ONCE }, (_, last) => {
  const rows = Array.from({ length: last + 1 }, (_row, n) => `($${3 * n + 1}, $${3 * n + 2}, $${3 * n + 3})`)
  return `INSERT INTO nonce VALUES ${rows.join(', ')} ON CONFLICT DO NOTHING RETURNING machine, nonce`
})

function insertionOf(group: readonly NonceRow[]): Statement {
  const values = group.flatMap(({ machine, nonce, expires }) => [machine, nonce, expires])
  return sql(INSERTS[group.length - 1] ?? '', ...values)
}
