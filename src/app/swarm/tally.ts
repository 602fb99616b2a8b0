/** How often a Swarm secret was given to a task. */
export interface ServedSecret {
  readonly name: string
  readonly served: number
  /** In milliseconds since the epoch. */
  readonly last: number
}

/** Counts, for each Swarm secret, the tasks that got it. */
interface SwarmTally {
  add(name: string, at: number): void
  /** In the order of their names. */
  list(): readonly ServedSecret[]
}

/** Most secrets that are counted. The one that was given out longest ago is forgotten. */
const MOST_SECRETS = 500

/** Makes a tally of nothing. */
export function createSwarmTally(): SwarmTally {
  const counts = new Map<string, ServedSecret>()
  return {
    add(name, at) {
      const served = (counts.get(name)?.served ?? 0) + 1
      counts.delete(name)
      counts.set(name, { name, served, last: at })
      const [first] = counts.keys()
      if (counts.size > MOST_SECRETS && first !== undefined) counts.delete(first)
    },
    list: () => [...counts.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }
}
