import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdir, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  claimSocket,
  inheritedSocket,
  listenAsDaemon,
  listenPrivately,
  notifySystemd,
} from '../../src/host/daemon/socket.ts'
import { hasCode } from '../contract/host/mount-table-contract.ts'
import { bindRawSocket } from '../support/raw-socket.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const SOCKET_MODULE = new URL('../../src/host/daemon/socket.ts', import.meta.url).href

function server(t: TestContext): Server {
  const made = createServer((socket) => socket.on('error', () => {}).end('hello'))
  t.after(() => made.close())
  return made
}

async function greeting(path: string): Promise<string> {
  const socket = connect(path)
  const [chunk]: unknown[] = await once(socket, 'data')
  socket.destroy()
  return String(chunk)
}

/** A program that listens on argv[2], and is killed so that its socket stays behind. */
async function leaveStaleSocket(t: TestContext, path: string): Promise<void> {
  const program = `require('node:net').createServer().listen(process.argv[1], () => process.stdout.write('up'))`
  const child = spawn(process.execPath, ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('a socket is 0600, accepts, and the umask is as it was', async (t) => {
  const dir = await temporaryFolder(t)
  const path = join(dir, 'plugins', 'locket.sock')
  const before = process.umask()
  assert.equal(await listenAsDaemon(server(t), path, {}), path)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal(process.umask(), before)
  assert.equal(await greeting(path), 'hello')
})

test('a socket that nobody answers on is replaced', async (t) => {
  const path = join(await temporaryFolder(t), 'locket.sock')
  await leaveStaleSocket(t, path)
  assert.ok((await lstat(path)).isSocket())
  await listenAsDaemon(server(t), path, {})
  assert.equal(await greeting(path), 'hello')
})

test('a socket with a listener is left alone', async (t) => {
  const path = join(await temporaryFolder(t), 'locket.sock')
  await listenPrivately(server(t), { path })
  await assert.rejects(
    claimSocket(path, '--listen'),
    hasCode('io', /another locket answers on .*locket\.sock/),
  )
  await assert.rejects(claimSocket(path, '--listen'), { hint: 'stop it, or choose another --listen' })
  assert.equal(await greeting(path), 'hello')
})

test('a file that is not a socket is not removed', async (t) => {
  const dir = await temporaryFolder(t)
  await writeFile(join(dir, 'file'), 'mine')
  await mkdir(join(dir, 'folder'))
  for (const name of ['file', 'folder'])
    await assert.rejects(claimSocket(join(dir, name), '--listen'), hasCode('io', /is not a socket/))
  await assert.rejects(
    claimSocket(join(dir, 'file', 'locket.sock'), '--listen'),
    hasCode('io', /a file is in its place|is not a folder/),
  )
})

test('a socket that cannot be made is an io error that names it', async (t) => {
  const dir = await temporaryFolder(t)
  await assert.rejects(
    listenPrivately(server(t), { path: join(dir, 'none', 'x') }),
    hasCode('io', /cannot listen on .*none\/x/),
  )
  assert.equal(process.umask() & 0o100, 0)
})

test('a socket of systemd is taken by the process that it was meant for', () => {
  const rows: readonly (readonly [string | undefined, string | undefined, number | undefined])[] = [
    ['7', '1', 3],
    ['7', '2', 3],
    ['8', '1', undefined],
    ['7', '0', undefined],
    ['7', undefined, undefined],
    [undefined, '1', undefined],
    ['7', 'x', undefined],
  ]
  for (const [LISTEN_PID, LISTEN_FDS, expected] of rows)
    assert.equal(inheritedSocket({ LISTEN_PID, LISTEN_FDS }, 7), expected)
})

test('a daemon answers on the socket that it was handed, and leaves the configured path alone', async (t) => {
  const dir = await temporaryFolder(t)
  const [activated, configured] = [join(dir, 'activated.sock'), join(dir, 'configured.sock')]
  using handed = bindRawSocket('stream', activated)
  const program = `
    const { listenAsDaemon } = await import(process.argv[1])
    const server = (await import('node:net')).createServer((socket) => socket.end('from the child'))
    const env = { LISTEN_PID: String(process.pid), LISTEN_FDS: '1' }
    process.stdout.write(await listenAsDaemon(server, process.argv[2], env))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, SOCKET_MODULE, configured], {
    stdio: ['ignore', 'pipe', 'inherit', handed.fd],
  })
  t.after(() => child.kill('SIGKILL'))
  assert.ok(child.stdout !== null)
  const [said]: unknown[] = await once(child.stdout, 'data')
  assert.match(String(said), /descriptor 3/)
  assert.equal(await greeting(activated), 'from the child')
  await assert.rejects(stat(configured))
})

test('systemd is notified, on a path and in the abstract namespace', async (t) => {
  const path = join(await temporaryFolder(t), 'notify')
  for (const address of [path, `@locket-test-${process.pid}`]) {
    using listener = bindRawSocket('datagram', address)
    assert.equal(await notifySystemd({ NOTIFY_SOCKET: address }, 'READY=1\nSTATUS=mounting'), true)
    assert.equal(listener.receive(), 'READY=1\nSTATUS=mounting')
  }
})

test('a missing notify socket is not an error', async (t) => {
  const dir = await temporaryFolder(t)
  assert.equal(await notifySystemd({}, 'READY=1'), false)
  assert.equal(await notifySystemd({ NOTIFY_SOCKET: '' }, 'READY=1'), false)
  assert.equal(await notifySystemd({ NOTIFY_SOCKET: 'vsock:2:1' }, 'READY=1'), false)
  assert.equal(await notifySystemd({ NOTIFY_SOCKET: join(dir, 'gone') }, 'READY=1'), false)
  assert.equal(await notifySystemd({ NOTIFY_SOCKET: `/${'x'.repeat(200)}` }, 'READY=1'), false)
})
