import { ServerResponse, STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Socket } from 'node:net'
import type { Authority } from '../../core/blind/authority.ts'
import type { HeaderList } from '../../core/blind/swap.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { passAnswer, scrubbing } from './answer.ts'
import { prepare, refuse, requestError, seenOf } from './exchange.ts'
import { endToEnd, scrubText, without } from './headers.ts'
import { hasBody, openOnward, type ExchangePorts } from './send-on.ts'

/**
 * Passes a request that opens a WebSocket, and refuses every other change of the protocol. Values are put
 * into its head only, and hidden in all that the server sends afterwards. Never rejects.
 */
export async function exchangeUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  authority: Authority,
  ports: ExchangePorts,
): Promise<void> {
  const { gate, upstream, passed } = ports
  const seen = seenOf(request, authority)
  // Two streams lead to it and away from it, each with listeners of its own.
  socket.setMaxListeners(20)
  const response = new ServerResponse(request)
  socket.once('timeout', () => socket.destroy())
  response.assignSocket(socket as Socket)
  response.shouldKeepAlive = false
  response.once('finish', () => socket.end())
  try {
    const refusal = upstream.refusalOf(seen.host)
    if (refusal !== undefined) throw refusal
    // Values could not be hidden in a protocol that this proxy does not know.
    if (!isWebSocket(request)) throw otherProtocol(request)
    // The body would not be sent. A server that does not upgrade would take the next request for it.
    if (hasBody(request)) throw new LocketError('denied', 'a request that changes the protocol has a body')
    const prepared = await prepare(request, seen, gate)
    const onward = openOnward(prepared, upgrading(prepared.headers, request), upstream)
    socket.once('close', () => onward.destroy())
    const answered = Promise.withResolvers<readonly [IncomingMessage, Duplex | undefined, Buffer]>()
    onward.once('response', (answer) => answered.resolve([answer, undefined, Buffer.alloc(0)]))
    onward.once('upgrade', (answer, server, head) => answered.resolve([answer, server, head]))
    onward.on('error', answered.reject)
    onward.end()
    const [answer, server, head] = await answered.promise
    const scrubber = () => gate.scrubber()
    if (server === undefined) return await passAnswer(answer, response, { scrubber, isHead: false, passed })
    if (!isWebSocket(answer)) {
      server.destroy()
      throw new LocketError('unavailable', 'the server changed to another protocol than websocket')
    }
    response.detachSocket(socket as Socket)
    const { statusCode: status = 101 } = answer
    const shown = upgrading(endToEnd(answer), answer)
      .map(([name, value]) => `${name}: ${scrubText(value, scrubber())}\r\n`)
      .join('')
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${shown}\r\n`, 'latin1')
    if (head.byteLength > 0) server.unshift(head)
    await Promise.all([pipeline(server, scrubbing(scrubber()), socket), pipeline(socket, server)])
  } catch (thrown) {
    const error = requestError(thrown, authority)
    if (response.socket === null) socket.destroy()
    else refuse(response, error, seen, gate)
  }
}

/** Returns the headers with those that ask for the new protocol. Compressed frames could not be scrubbed. */
function upgrading(headers: HeaderList, { headers: given }: IncomingMessage): HeaderList {
  const { upgrade = '' } = given
  return [...without(headers, 'sec-websocket-extensions'), ['Connection', 'Upgrade'], ['Upgrade', upgrade]]
}

function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** Characters of a protocol in a message. */
const MOST_NAME = 40

function otherProtocol({ headers: { upgrade = '' } }: IncomingMessage): LocketError {
  const name = JSON.stringify(upgrade.slice(0, MOST_NAME))
  return new LocketError('denied', `an upgrade to ${name} is not passed on, only one to websocket`)
}
