import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { BOTH_WAYS, execWorld, PASSWORD, program } from './exec-command.ts'
import { openTerminal } from '../terminal.ts'
import { MAIN } from '../../support/program.ts'

const SHELL = 'bash --norc --noprofile -i'

function line(...args: readonly string[]): string {
  return [process.execPath, MAIN, 'exec', ...args].map((word) => `'${word}'`).join(' ')
}

for (const way of BOTH_WAYS) {
  test(`the README's python3: its prompt, its variable, Ctrl-C, its exit code (${way})`, async (t) => {
    const { folder, env } = await execWorld(t)
    const command = line(way, '-e', 'MY_SECRET={{ local://db/password }}', '--', 'python3', '-q')
    const terminal = openTerminal(t, command, { cwd: folder, env: { ...env, HOME: '/root' } })
    await terminal.shows(/>>> /)
    terminal.type('import os, time\r')
    await terminal.shows(/>>> /)
    terminal.type('os.environ["MY_SECRET"]\r')
    await terminal.shows(new RegExp(`'${PASSWORD}'`))
    terminal.type('time.sleep(100)\r')
    await terminal.shows(/sleep/)
    terminal.type('\u0003')
    await terminal.shows(/KeyboardInterrupt/)
    await terminal.shows(/>>> /)
    terminal.type('exit(3)\r')
    assert.equal(await terminal.ended, 3)
    assert.equal([...terminal.screen().matchAll(/KeyboardInterrupt/g)].length, 1)
  })

  test(`Ctrl-Z stops the whole job, fg continues it, the shell sees its exit code (${way})`, async (t) => {
    const { folder, env } = await execWorld(t)
    const terminal = openTerminal(t, SHELL, { cwd: folder, env })
    await terminal.shows(/prompt> /)
    terminal.type(`${line(way, '-e', 'A=b', '--', 'cat')}\r`)
    await terminal.shows(/'cat'\r\n/)
    terminal.type('one\r')
    await terminal.shows(/one\r\none\r\n/)
    terminal.type('\u001a')
    await terminal.shows(/Stopped/)
    terminal.type('\rfg\r')
    await terminal.shows(/exec.*cat/)
    await terminal.insists('two\r', /two\r\ntwo\r\n/)
    terminal.type('\u0003')
    // A shell forgets the rest of its line when a command ends by SIGINT itself.
    await terminal.insists('\recho code $?\r', /code 130/)
    terminal.type('exit\r')
    await terminal.ended
  })

  test(`a command that stops itself stops locket too, also a shell in its own group (${way})`, async (t) => {
    const { folder, env } = await execWorld(t)
    const terminal = openTerminal(t, SHELL, { cwd: folder, env })
    await terminal.shows(/prompt> /)
    terminal.type(`${line(way, '--', 'sh', '-c', 'echo first; kill -STOP $$; echo second')}; echo code $?\r`)
    await terminal.shows(/first/)
    await terminal.shows(/Stopped/)
    terminal.type('\rfg\r')
    await terminal.shows(/second/)
    terminal.type(`\r${line(way, '--', 'bash', '--norc', '--noprofile', '-i')}\r`)
    await terminal.shows(/'-i'\r\n/)
    await terminal.shows(/prompt> /)
    terminal.type('suspend\r')
    await terminal.shows(/Stopped/)
    terminal.type('\rfg\r')
    await terminal.insists('\recho in$((20+3))\r', /in23/)
    terminal.type('exit 9\r')
    await terminal.insists('\recho code $?\r', /code 9/)
    terminal.type('exit\r')
    await terminal.ended
  })

  test(`a command in the background is stopped by its reading, as it is without locket (${way})`, async (t) => {
    const { folder, env } = await execWorld(t)
    const terminal = openTerminal(t, SHELL, { cwd: folder, env })
    await terminal.shows(/prompt> /)
    terminal.type(`${line(way, '--', 'cat')} &\r`)
    await terminal.shows(/\[1\] \d+/)
    await terminal.insists('\r', /Stopped/)
    terminal.type('\rfg\r')
    await terminal.insists('now\r', /now\r\nnow/)
    terminal.type('\u0004')
    terminal.type('exit\r')
    await terminal.ended
  })

  test(`the terminal has its size in the command, also after a change (${way})`, async (t) => {
    const { folder, env } = await execWorld(t)
    const command = line(way, '--', ...program('terminal-size'))
    const terminal = openTerminal(t, command, { cwd: folder, env })
    await terminal.shows(/\/dev\/pts\/\d+ has 80 columns 24 rows/)
    const [tty = ''] = /\/dev\/pts\/\d+/.exec(terminal.screen()) ?? []
    // One change: stty makes one of each number, and the program ends at the first.
    execFileSync('stty', ['-F', tty, 'columns', '100'])
    await terminal.shows(/now 100 columns 24 rows/)
    assert.equal(await terminal.ended, 4)
  })

  test(`an editor runs as it does without locket (${way})`, async (t) => {
    const { folder, env, read } = await execWorld(t)
    const terminal = openTerminal(t, line(way, '--', 'vim', '-u', 'NONE', 'note'), { cwd: folder, env })
    await terminal.shows(/note/)
    terminal.type('ihello\u001b:wq\r')
    assert.equal(await terminal.ended, 0)
    assert.equal(await read('note'), 'hello\n')
  })
}

test('without --interactive a command has no terminal, and Ctrl-C still ends it', async (t) => {
  const { folder, env } = await execWorld(t)
  const tell =
    'if (exec </dev/tty) 2>/dev/null; then echo has one; else echo has none; fi; cat; echo ready; sleep 60'
  const terminal = openTerminal(t, line('--no-interactive', '--', 'sh', '-c', tell), { cwd: folder, env })
  await terminal.shows(/has none\r\nready/)
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
})

test('signals from elsewhere reach a command that has the terminal', async (t) => {
  const { folder, env } = await execWorld(t)
  const terminal = openTerminal(t, line('--no-exec', '--', ...program('report-signals')), {
    cwd: folder,
    env,
  })
  await terminal.shows(/ready \d+/)
  const [, child] = /ready (\d+)/.exec(terminal.screen()) ?? []
  const locket = Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1])
  for (const name of ['SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) {
    process.kill(locket, name)
    await terminal.shows(new RegExp(`got ${name}`))
  }
  process.kill(locket, 'SIGUSR2')
  assert.equal(await terminal.ended, 3)
})

test('a mask is refused where the command would have the terminal, and nothing is started', async (t) => {
  const { folder, env } = await execWorld(t)
  const command = line('--mask', '-e', 'A={{ local://db/password }}', '--', 'sh', '-c', 'echo started')
  const terminal = openTerminal(t, command, { cwd: folder, env })
  assert.equal(await terminal.ended, 64)
  assert.match(terminal.screen(), /--mask does not work while the command has the terminal/)
  assert.doesNotMatch(terminal.screen(), /started/)
})
