import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretCommand } from './secret-command.ts'

const CANARY = 'canary-31fe-välue'
const FIRST = 'value of db/password: '
const AGAIN = 'the same value again: '

test('a typed value is asked for twice and never shown', async (t) => {
  const { secret, onTerminal } = await secretCommand(t)
  const { code, stdout } = await onTerminal(
    ['set', 'db/password'],
    [
      { shown: FIRST, typed: `${CANARY}\r` },
      { shown: AGAIN, typed: `${CANARY}\r` },
    ],
  )
  const screen = stdout.toString()
  assert.equal(code, 0, screen)
  assert.match(screen, /stored local:\/\/db\/password \(18 bytes\)/)
  for (const part of [CANARY, CANARY.slice(0, 6), '***']) assert.ok(!screen.includes(part), screen)
  assert.equal((await secret(['get', 'db/password'])).stdout.toString(), CANARY)
})

test('mistyped letters can be deleted, and pasted lines answer both questions', async (t) => {
  const { secret, onTerminal } = await secretCommand(t)
  const typed = `wrong\u0015${CANARY}ü\u007fy\u0008\r${CANARY}\r`
  const { code, stdout } = await onTerminal(['set', 'db/password'], [{ shown: FIRST, typed }])
  assert.equal(code, 0, stdout.toString())
  assert.equal((await secret(['get', 'db/password'])).stdout.toString(), CANARY)
})

for (const [what, steps, expected, text] of [
  ['two different values', [`${CANARY}\r`, `${CANARY}x\r`], 64, /the two values differ, nothing was stored/],
  ['Ctrl-C', [`${CANARY}\u0003`], 75, /cancelled, nothing was stored/],
  ['Ctrl-D', ['\u0004'], 75, /cancelled, nothing was stored/],
  ['an arrow key', [`${CANARY}\u001b[A\r`], 64, /a control key cannot be part/],
] as const) {
  test(`${what}: nothing is stored or shown, and the terminal echoes again`, async (t) => {
    const { secret, onTerminal } = await secretCommand(t)
    const prompts = [FIRST, AGAIN]
    const { code, stdout, terminal } = await onTerminal(
      ['set', 'db/password'],
      steps.map((typed, index) => ({ shown: prompts[index] ?? '', typed })),
    )
    const screen = stdout.toString()
    assert.equal(code, expected, screen)
    assert.match(terminal, /[ ;]icanon[^]*[ ;]echo[ ;]/)
    assert.match(screen, text)
    assert.ok(!screen.includes(CANARY))
    assert.equal((await secret(['list', '--names'])).stdout.length, 0)
  })
}

test('get prints nothing to a terminal, unless it is asked to show the value', async (t) => {
  const { secret, onTerminal } = await secretCommand(t)
  await secret(['set', 'text', '--stdin'], CANARY)
  const { code, stdout } = await onTerminal(['get', 'text'])
  assert.equal(code, 64)
  assert.match(stdout.toString(), /secrets are not printed to a terminal \(--show prints the value/)
  assert.ok(!stdout.toString().includes(CANARY))
})

test('get --show on a terminal ends the line, and refuses what would reprogram it', async (t) => {
  const { secret, onTerminal } = await secretCommand(t)
  await secret(['set', 'text', '--stdin'], CANARY)
  await secret(['set', 'escape', '--stdin'], `\u001b]0;${CANARY}\u0007`)
  await secret(['set', 'binary', '--stdin'], Buffer.from([0xff, 0xfe]))
  assert.equal((await onTerminal(['get', '--show', 'text'])).stdout.toString(), `${CANARY}\r\n`)
  for (const name of ['escape', 'binary']) {
    const { code, stdout } = await onTerminal(['get', '--show', name])
    assert.equal(code, 64)
    assert.match(stdout.toString(), /bytes that a terminal cannot show/)
    assert.ok(!stdout.toString().includes(CANARY))
  }
})
