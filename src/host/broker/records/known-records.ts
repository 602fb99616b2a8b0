import type { MachineRecord, SecretPlace, SecretRecord } from '../../../core/broker/records.ts'
import type { Database } from '../sql.ts'

/** Records that were read from the database and are still true. */
interface KnownRecords {
  /** Returns the machine, or reads it. */
  machine(id: string, read: () => Promise<MachineRecord | undefined>): Promise<MachineRecord | undefined>
  /** Puts the time into the machine, whose other facts are still true. */
  seen(id: string, at: number): void
  /** Returns the secrets among `names` that the machine may read. `read` gets the names that are unknown. */
  granted(
    machine: string,
    names: readonly SecretPlace[],
    read: (names: readonly SecretPlace[]) => Promise<readonly SecretRecord[]>,
  ): Promise<readonly SecretRecord[]>
}

/** Machines and grants that are kept: those of a fleet of a thousand hosts with 20 secrets each. */
const MOST_KEPT = 25_000

/**
 * Returns an empty memory. It forgets everything at each change of a record, so a machine that was disabled
 * is refused at its next request, and a grant that was removed counts at once. On a database that other
 * processes change it keeps nothing. It does not keep that something is missing: whoever asks for names that
 * do not exist could fill the memory.
 */
export function createKnownRecords({ revision }: Pick<Database, 'revision'>): KnownRecords {
  const machines = new Map<string, MachineRecord>()
  const grants = new Map<string, Map<string, SecretRecord>>()
  let kept = 0
  let at = revision()

  /** Returns the revision at which what is kept is true. Undefined: nothing may be kept. */
  function upToDate(): number | undefined {
    const now = revision()
    if (now !== at || kept >= MOST_KEPT) {
      machines.clear()
      grants.clear()
      kept = 0
      at = now
    }
    return now
  }

  /** Keeps what was read, unless a record has changed since the reading began. */
  function keep(since: number | undefined, work: () => void): void {
    if (since !== undefined && since === revision() && since === at) work()
  }

  return {
    async machine(id, read) {
      const since = upToDate()
      const known = machines.get(id)
      if (known !== undefined) return known
      const found = await read()
      if (found !== undefined)
        keep(since, () => {
          machines.set(id, found)
          kept += 1
        })
      return found
    },

    seen(id, lastSeen) {
      const machine = machines.get(id)
      if (machine !== undefined) machines.set(id, { ...machine, lastSeen })
    },

    async granted(machine, names, read) {
      const since = upToDate()
      const own = grants.get(machine)
      const known = names.flatMap((name) => own?.get(keyOf(name)) ?? [])
      if (known.length === names.length) return known
      const found = await read(names.filter((name) => own?.has(keyOf(name)) !== true))
      keep(since, () => {
        const secrets = grants.get(machine) ?? new Map<string, SecretRecord>()
        for (const secret of found) secrets.set(keyOf(secret), secret)
        grants.set(machine, secrets)
        kept += found.length
      })
      return [...known, ...found]
    },
  }
}

/** Names have no `/`. */
function keyOf({ project, name }: SecretPlace): string {
  return `${project}/${name}`
}
