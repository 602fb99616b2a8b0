/** Machines whose versions are remembered, and secrets of each. */
const [MOST_MACHINES, MOST_SECRETS] = [10_000, 500]

/** The versions of values that machines have heard of. */
interface SeenVersions {
  /** Notes a version, and returns true if the machine has heard of another one. */
  note(machine: string, id: string, version: string): boolean
}

/**
 * Returns a memory of versions in this process. Above its limits it forgets the machine that was
 * noted first: its next version counts as the first one.
 */
export function createSeenVersions(): SeenVersions {
  const seen = new Map<string, Map<string, string>>()
  return {
    note(machine, id, version) {
      const own = seen.get(machine) ?? new Map<string, string>()
      dropFirst(seen, machine, MOST_MACHINES)
      seen.set(machine, own)
      const before = own.get(id)
      dropFirst(own, id, MOST_SECRETS)
      own.set(id, version)
      return before !== undefined && before !== version
    },
  }
}

/** Makes room for a key. */
function dropFirst(map: Map<string, unknown>, key: string, most: number): void {
  const [first] = map.keys()
  if (first !== undefined && map.size >= most && !map.has(key)) map.delete(first)
}
