import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openRaw } from '../support/raw-connection.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a daemon that watches templates ends on SIGTERM, and leaves its mounts', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'template'), 'text')
  const daemon = await startDaemon({ folder, args: ['--watch'] })
  t.after(() => daemon.stop('SIGKILL'))
  await daemon.call('VolumeDriver.Create', { Name: 'v', Opts: { 'secret.a': `@${folder}/template` } })
  const { Mountpoint } = await daemon.call('VolumeDriver.Mount', { Name: 'v', ID: 'one' })
  const killed = setTimeout(() => void daemon.stop('SIGKILL'), 5000)
  assert.equal(await daemon.stop('SIGTERM'), 0, daemon.output())
  clearTimeout(killed)
  assert.equal(await readFile(join(Mountpoint, 'a'), 'utf8'), 'text')
})

test('requests that never arrive whole are ended, and hold up no stop', { timeout: 60_000 }, async (t) => {
  const folder = await temporaryFolder(t)
  const daemon = await startDaemon({ folder })
  t.after(() => daemon.stop('SIGKILL'))
  const halves = ['POST /Vol', 'POST /VolumeDriver.List HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{']
  const open = async () =>
    await Promise.all(
      halves.map(async (text) => {
        const socket = await openRaw(daemon.socket)
        socket.resume().write(text)
        return { socket, closed: new Promise((done) => socket.once('close', done)) }
      }),
    )
  await Promise.all((await open()).map(({ closed }) => closed))
  await open()
  const since = performance.now()
  assert.equal(await daemon.stop('SIGTERM'), 0)
  assert.ok(performance.now() - since < 5000, `${performance.now() - since} ms`)
})
