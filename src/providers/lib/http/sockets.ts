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
 * `caCert`: PEM text of authorities to trust beside those that Node trusts. Certificates are checked whatever
 * NODE_TLS_REJECT_UNAUTHORIZED says.
 */
export async function openSockets(connections: number, caCert?: string): Promise<Sockets> {
  const dispatcher = createDispatcher(connections, await tlsOptions(caCert))
  return {
    dispatcher,
    close: async () => {
      await dispatcher?.destroy()
    },
  }
}

interface TlsOptions {
  readonly rejectUnauthorized: true
  readonly ca?: readonly string[]
}

async function tlsOptions(caCert: string | undefined): Promise<TlsOptions> {
  if (caCert === undefined) return { rejectUnauthorized: true }
  // Imported at the start it would cost every command 5 ms: its list of authorities is made then.
  const { getCACertificates } = await import('node:tls')
  return { rejectUnauthorized: true, ca: [...getCACertificates('default'), caCert] }
}

function createDispatcher(connections: number, tls: TlsOptions): Dispatcher | undefined {
  // Node loads undici, some 30 ms of work, when a global of it is first touched; the symbols are not there before.
  void globalThis.Headers
  for (const version of ['2', '1']) {
    const shared: unknown = Reflect.get(globalThis, Symbol.for(`undici.globalDispatcher.${version}`))
    if (typeof shared !== 'object' || shared === null) continue
    // `connect` is for servers that are reached directly, the other two for those behind a proxy and for the proxy.
    const options = { connections, connect: tls, requestTls: tls, proxyTls: tls }
    const made: unknown = Reflect.construct(shared.constructor, [options])
    if (isDispatcher(made)) return made
  }
  return undefined
}

function isDispatcher(value: unknown): value is Dispatcher {
  return typeof value === 'object' && value !== null && 'dispatch' in value && 'destroy' in value
}
