import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chmod, mkdir, rename } from 'node:fs/promises'
import { test, type TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { injectWorld, VALUES } from './inject-command.ts'

const { user, password } = VALUES
/**
 * As a user who may go through the folder above the templates; `mode` says whether he may list and watch it
 * too.
 */
async function watchingBelow(t: TestContext, mode: number) {
  const { put, at, text, folder, start } = await injectWorld(t)
  await put('tpl/app.conf', 'user={{ op://v/i/user }}')
  await mkdir(at('mine'))
  await chmod(at('mine'), 0o1777)
  await chmod(folder, mode)
  const args = ['--map=tpl:mine/out', '--mode=watch', '--debounce=100ms', `--status-file=${at('mine/ready')}`]
  const running = start(args, { uid: 1000 })
  const hasEnded = () => running.child.exitCode !== null
  await until('the first files', () => existsSync(at('mine/ready')) || hasEnded())
  assert.equal(running.child.exitCode, null, running.log())
  const is = (wanted: string) =>
    until(
      `the file is ${wanted.length} characters`,
      async () => (await text('mine/out/app.conf').catch(() => '')) === wanted || hasEnded(),
    )
  const swap = async (words: string) => {
    await put('next/app.conf', words)
    await rename(at('tpl'), at(`before-${words.length}`))
    await rename(at('next'), at('tpl'))
  }
  const stop = async () => {
    const { code, stderr } = await running.stop()
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stderr, /ERROR/)
  }
  return { put, folder, is, swap, stop }
}

test('a folder above that must not be watched: edits and swaps are still noticed', async (t) => {
  const { put, is, swap, stop } = await watchingBelow(t, 0o711)
  await is(`user=${user}`)
  await put('tpl/app.conf', 'u={{ op://v/i/user }}')
  await is(`u=${user}`)
  await swap('swapped={{ op://v/i/password }}')
  await is(`swapped=${password}`)
  await put('tpl/app.conf', 'edited={{ op://v/i/user }}')
  await is(`edited=${user}`)
  await stop()
})

test('a folder above that must not be watched any more when the templates are swapped', async (t) => {
  const { put, folder, is, swap, stop } = await watchingBelow(t, 0o755)
  await is(`user=${user}`)
  await chmod(folder, 0o711)
  for (const word of ['one', 'second']) {
    await swap(`${word}={{ op://v/i/password }}`)
    await is(`${word}=${password}`)
    await put('tpl/app.conf', `${word}, edited={{ op://v/i/user }}`)
    await is(`${word}, edited=${user}`)
  }
  await stop()
})
