import { lookup } from 'node:dns'
import { Agent } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { connect } from 'node:tls'
import { LocketError } from '../../core/vocabulary/errors.ts'

/** The rules for connections to servers. */
interface UpstreamRules {
  /** True for an address that may be connected to. */
  readonly mayReach: (address: string) => boolean
  /** The certificates as PEM that are trusted. Undefined: those that Node trusts. */
  readonly trusted?: readonly string[] | undefined
  /** Left out: the resolver of the system. */
  readonly lookup?: LookupFunction
}

/** The connections to servers. */
export interface Upstream {
  readonly agent: Agent
  /** Returns the reason why no server of this host can be asked, without a look-up. */
  refusalOf(host: string): LocketError | undefined
}

const CONNECT_MS = 15_000
const IDLE_MS = 60_000
const MOST_SOCKETS = 256

/**
 * Makes the pool of connections to servers. A connection is handed out only after the certificate of the
 * server is verified, so no byte of a request goes to another server. The addresses that are checked are
 * those that are connected to. Requests fail with a LocketError, or with an error of the system.
 */
export function openUpstream({ mayReach, trusted, lookup: resolve = lookup }: UpstreamRules): Upstream {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: MOST_SOCKETS,
    scheduling: 'lifo',
    timeout: IDLE_MS,
  })
  const guarded: LookupFunction = (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, [])
      const all = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }]
      const allowed = all.filter(({ address }) => mayReach(address))
      const [first] = allowed
      if (first === undefined) return done(notPublic(host), [])
      if (options.all === true) return done(null, allowed)
      return done(null, first.address, first.family)
    })
  }

  agent.createConnection = ({ host, port }, done) => {
    const name = host ?? ''
    const socket = connect({
      host: name,
      port: Number(port),
      timeout: CONNECT_MS,
      lookup: guarded,
      ALPNProtocols: ['http/1.1'],
      // A certificate for an address is compared with the address.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(trusted === undefined ? {} : { ca: [...trusted] }),
    })
    const failed = (error: Error): void => done?.(error, socket)
    socket.setNoDelay(true)
    const late = (): void => {
      socket.destroy(new LocketError('timeout', `${name} did not answer within ${CONNECT_MS / 1000} s`))
    }
    socket.once('timeout', late)
    socket.once('error', failed)
    socket.once('secureConnect', () => {
      socket.off('error', failed)
      socket.off('timeout', late)
      done?.(null, socket)
    })
    return undefined
  }
  return {
    agent,
    refusalOf: (host) => (isIP(host) === 0 || mayReach(host) ? undefined : notPublic(host)),
  }
}

function notPublic(host: string): LocketError {
  return new LocketError('denied', `${host} is not on the public internet`, {
    hint: 'name its network with --allow-address',
  })
}
