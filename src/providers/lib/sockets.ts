type Dispatcher = NonNullable<RequestInit['dispatcher']>

/** The connections of one client of `fetch`. */
export interface Sockets {
  /** What `fetch` takes as `dispatcher`; undefined where this Node has none to offer. */
  readonly dispatcher: Dispatcher | undefined
  /** Closes every connection, busy ones too. */
  close(): Promise<void>
}

/**
 * A connection pool of our own, of the kind that `fetch` uses by default (with the proxy variables obeyed when the launcher asked
 * for that). Node has no public constructor for it; undici documents these symbols as the meeting point of its copies.
 */
export function openSockets(connections: number): Sockets {
  const dispatcher = createDispatcher(connections)
  return {
    dispatcher,
    close: async () => {
      await dispatcher?.destroy()
    },
  }
}

function createDispatcher(connections: number): Dispatcher | undefined {
  // Node loads undici, some 30 ms of work, when a global of it is first touched; the symbols are not there before.
  void globalThis.Headers
  for (const version of ['2', '1']) {
    const shared: unknown = Reflect.get(globalThis, Symbol.for(`undici.globalDispatcher.${version}`))
    if (typeof shared !== 'object' || shared === null) continue
    const made: unknown = Reflect.construct(shared.constructor, [{ connections }])
    if (isDispatcher(made)) return made
  }
  return undefined
}

function isDispatcher(value: unknown): value is Dispatcher {
  return typeof value === 'object' && value !== null && 'dispatch' in value && 'destroy' in value
}
