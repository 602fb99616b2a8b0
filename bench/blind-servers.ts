/** The server behind the proxy, in a process of its own: `node bench/blind-servers.ts FOLDER`. */
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { certifyAuthority, certifyServer, createCertificateKey } from '../src/host/broker/tls/certificate.ts'

const folder = process.argv[2] ?? '.'
const authority = createCertificateKey()
const { key, certificate } = certifyServer(authority, ['localhost'], Date.now())
await writeFile(join(folder, 'upstream-ca.pem'), certifyAuthority(authority, Date.now()))
const MIB = Buffer.alloc(1 << 20, 'no secret is in this text. ')
const small = Buffer.from(JSON.stringify({ ok: true, items: Array.from({ length: 20 }, (_, n) => n) }))

const options = { key: key.export({ format: 'pem', type: 'pkcs8' }), cert: certificate }
const server = createServer(options, (request, response) => {
  const mib = Number(new URL(request.url ?? '/', 'https://bench').searchParams.get('mib') ?? 0)
  if (mib === 0) {
    response.writeHead(200, { 'content-length': small.length }).end(small)
    return
  }
  response.writeHead(200, { 'content-length': mib * MIB.length })
  let left = mib
  const more = (): void => {
    while (left > 0) {
      left -= 1
      if (!response.write(MIB)) {
        response.once('drain', more)
        return
      }
    }
    response.end()
  }
  more()
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
