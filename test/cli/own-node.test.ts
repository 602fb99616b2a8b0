import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import assert from 'node:assert/strict'
import { startDaemon } from '../support/daemon.ts'
import { assertDeafToUsr1, assertObeysNoVariable, assertUsr1ReachesTheCommand } from '../support/own-node.ts'
import { isRunning } from '../support/processes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// The program of this checkout by its own first line, as npm's link starts it.
const MAIN = new URL('../../src/main.ts', import.meta.url).pathname

test('locket does not obey NODE_OPTIONS, and hands it to its command', async (t) => {
  await assertObeysNoVariable(t, [MAIN], ['NODE_OPTIONS', 'NODE_REPL_EXTERNAL_MODULE'])
})

test('SIGUSR1 opens no debugger in exec, and reaches its command', async () => {
  await assertUsr1ReachesTheCommand([MAIN])
})

test('SIGUSR1 opens no debugger in the daemon, and does not end it', async (t) => {
  const folder = await temporaryFolder(t)
  const daemon = await startDaemon({ folder, program: [MAIN] })
  t.after(() => daemon.stop('SIGKILL'))
  const pid = daemon.process.pid ?? 0
  assertDeafToUsr1(pid)
  process.kill(pid, 'SIGUSR1')
  await sleep(200)
  assert.ok(isRunning(pid))
  assert.doesNotMatch(daemon.output(), /debugger/i)
})
