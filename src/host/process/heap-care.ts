/** The rest of the daemon after which it collects garbage, and of a command that stays. Milliseconds. */
const QUIET_MS = { daemon: 1000, command: 10_000 } as const

/**
 * Returns a function to call at each piece of work. It collects garbage when there was no call for a while. A
 * command waits longer: a collection takes some 75 ms, and would hold up an edit among others in a row. V8
 * alone keeps the memory that one burst of mounts made it reserve for as long as the daemon idles, which may
 * be weeks (measured with 200 volumes mounted: 140 MiB, and 41 MiB after the collection). It would also wake
 * up several times to collect a little garbage at rest.
 */
export function openHeapCare(whose: keyof typeof QUIET_MS): () => void {
  const collect = openCollector({ type: 'major', flavor: 'last-resort' })
  let timer: NodeJS.Timeout | undefined
  return () => {
    // Refreshing is cheaper than a new timer. The timer never keeps the process alive.
    timer = timer?.refresh() ?? setTimeout(collect, QUIET_MS[whose]).unref()
  }
}

/** Bytes that pass between two collections of what is young. */
const PASSED_BYTES = 16 * 1024 * 1024

/**
 * Returns a function to call with the size of each chunk that passed through this process. Every 16 MiB it
 * collects the young garbage, which takes some milliseconds: V8 alone lets 64 MiB of chunks accumulate.
 */
export function openStreamCare(): (bytes: number) => void {
  const collect = openCollector({ type: 'minor' })
  let passed = 0
  return (bytes) => {
    passed += bytes
    if (passed < PASSED_BYTES) return
    passed = 0
    collect()
  }
}

type Collection = { readonly type: 'minor' } | { readonly type: 'major'; readonly flavor: 'last-resort' }

type Collector = (options: Collection) => void

/**
 * Returns a function that collects garbage. `--expose-gc` is set at run time: no flag is needed at Node's
 * start. `last-resort`: an ordinary collection keeps the memory that it has cleared.
 */
function openCollector(collection: Collection): () => void {
  let collector: Collector | undefined
  return () => {
    if (collector === undefined) {
      // Every command loads this file, and only the daemon uses these modules: imported at the start they
      // would cost each command 5 ms.
      const { setFlagsFromString } = process.getBuiltinModule('node:v8')
      const { runInNewContext } = process.getBuiltinModule('node:vm')
      setFlagsFromString('--expose-gc')
      collector = runInNewContext('gc') as Collector
    }
    collector(collection)
  }
}
