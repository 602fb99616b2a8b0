import assert from 'node:assert/strict'
import koffi from 'koffi'

/** A unix socket as a bare descriptor, which is what systemd works with and Node does not give. */
export interface RawSocket extends Disposable {
  readonly fd: number
  /** The datagram that is there by now. */
  receive(): string
}

const AF_UNIX = 1
const KINDS = { stream: 1, datagram: 2 } as const

/** Bound; a stream listens as well. A leading `@` means the abstract namespace. */
export function bindRawSocket(kind: keyof typeof KINDS, address: string): RawSocket {
  const libc = koffi.load(null)
  const name = address.startsWith('@') ? `\0${address.slice(1)}` : address
  const sockaddr = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(name)])
  const fd: unknown = libc.func('int socket(int, int, int)')(AF_UNIX, KINDS[kind], 0)
  assert.ok(typeof fd === 'number' && fd >= 0)
  assert.equal(libc.func('int bind(int, const void *, uint32_t)')(fd, sockaddr, sockaddr.length), 0)
  if (kind === 'stream') assert.equal(libc.func('int listen(int, int)')(fd, 16), 0)
  return {
    fd,
    receive() {
      const buffer = Buffer.alloc(4096)
      const MSG_DONTWAIT = 0x40
      const length: unknown = libc.func('intptr_t recv(int, void *, size_t, int)')(
        fd,
        buffer,
        buffer.length,
        MSG_DONTWAIT,
      )
      return buffer.subarray(0, Number(length)).toString()
    },
    [Symbol.dispose]: () => void libc.func('int close(int)')(fd),
  }
}
