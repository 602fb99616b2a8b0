import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { startBackend } from '../../contract/locket/locket-server.ts'
import { CANARY } from '../../contract/provider/provider-attempt.ts'
import { MAIN } from '../../support/program.ts'

const PRINT = ['sh', '-c', 'echo "is $A"; exec sleep 300']

for (const [command, words] of [
  [
    'inject',
    (folder: string) => ['--mode', 'watch', '--map', `${join(folder, 'a.tpl')}:${join(folder, 'out')}`],
  ],
  ['exec', () => ['--watch', '-e', 'A={{ locket://shop/a }}', '--', ...PRINT]],
] as const) {
  test(`${command} that follows a watch sends the versions it knows, and gets no values again`, async (t) => {
    const { service, backend, folder } = await startBackend(t)
    const answers: string[] = []
    service.tamper = (answer) => {
      if (answer.body.includes('"answers"')) answers.push(answer.body.toString())
      return answer
    }
    await backend.put('a', Buffer.from(CANARY))
    await writeFile(join(folder, 'a.tpl'), '{{ locket://shop/a }}')
    const identity = String(backend.settings['identity'])
    const child = spawn(process.execPath, [MAIN, command, ...words(folder)], {
      env: { PATH: process.env['PATH'] ?? '', LOCKET_IDENTITY: identity },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.after(() => child.kill('SIGKILL'))
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const isThere = async (): Promise<boolean> =>
      output.includes(`is ${CANARY}`) ||
      (await readFile(join(folder, 'out'), 'utf8').catch(() => '')) === CANARY
    await until('the value is in place', isThere)
    await until('it watches', () => service.requests.some((line) => line.startsWith('/v2/watch')))
    /** A grant of another secret: anything may have changed. Resolves with the answers that follow. */
    const grant = async (name: string): Promise<readonly string[]> => {
      const [before, held] = [answers.length, watches(service.requests)]
      await backend.put(name, Buffer.from('other'))
      await until('the change was told', () => watches(service.requests) > held)
      await until('it was asked', () => answers.length > before)
      return answers.slice(before)
    }
    let round = 0
    // The first change finds no known versions, and a grant may be told as several changes.
    await until('a change brings no value', async () => {
      const answered = await grant(`other-${(round += 1)}`)
      return answered.every((one) => one.includes('"shop/a":{"unchanged":true') && !one.includes('"value"'))
    })
    assert.ok(answers.filter((one) => one.includes('"value"')).length <= 2 * round + 1)
    child.kill('SIGTERM')
    await new Promise((done) => child.once('close', done))
  })
}

function watches(requests: readonly string[]): number {
  return requests.filter((line) => line.startsWith('/v2/watch')).length
}
