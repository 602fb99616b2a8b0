import type { DatabaseSync } from 'node:sqlite'

/** Notices what other processes commit to an SQLite file that this process writes by two connections. */
interface OutsideCommits<C extends string> {
  /** Is called before a connection of this process writes. */
  before(connection: C): void
  /** Counts the moments at which a commit of another process was noticed. */
  count(): number
}

/**
 * Notices commits by `PRAGMA data_version` of both connections, some 1.3 µs each. It is another number after
 * a commit of any other connection. So what the first one commits shows in the second one's number, and a
 * commit of another process shows in both.
 */
export function watchOutsideCommits<C extends string>(
  connections: Readonly<Record<C, DatabaseSync>>,
  pair: readonly [C, C],
): OutsideCommits<C> {
  const [first, second] = pair
  const versions = { [first]: versionOf(connections[first]), [second]: versionOf(connections[second]) }
  const known = new Map<C, number>()
  const otherThan = (name: C): C => (name === first ? second : first)
  /** The connection that may have committed since the last look. */
  let wrote: C | undefined
  let count = 0

  /** Takes over the present number of a connection. True: it is another one than before. */
  function hasChanged(name: C): boolean {
    const before = known.get(name)
    const now = versions[name]?.() ?? 0
    known.set(name, now)
    return before !== now
  }

  function look(): void {
    const own = wrote ?? first
    // The other number comes first: what another process commits between the two shows in the second one.
    if (wrote !== undefined) hasChanged(otherThan(own))
    wrote = undefined
    if (hasChanged(own)) count += 1
  }

  for (const name of pair) hasChanged(name)
  return {
    before(connection) {
      if (wrote !== undefined && wrote !== connection) look()
      wrote = connection
    },
    count() {
      look()
      return count
    },
  }
}

function versionOf(connection: DatabaseSync): () => number {
  const statement = connection.prepare('PRAGMA data_version')
  statement.setReturnArrays(true)
  return () => Number((statement.get() as unknown as readonly unknown[] | undefined)?.[0])
}
