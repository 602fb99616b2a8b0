import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'

const root = resolve(import.meta.dirname, '../..')
const WORDS = ['export', '--env-file=no-such.env', '--env-file', 'app.env', '--', '--inspect', 'a b']

test('Node takes no flag of locket’s for its own, and reads no .env file', async (t) => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'bin'))
  await mkdir(join(folder, 'lib'))
  await copyFile(join(root, 'plugin/locket.sh'), join(folder, 'bin/locket'))
  await copyFile(join(root, 'plugin/start-as.cjs'), join(folder, 'lib/start-as.cjs'))
  await symlink(process.execPath, join(folder, 'bin/node'))
  await symlink('bin/locket', join(folder, 'locket'))
  await writeFile(join(folder, 'app.env'), 'NODE_OPTIONS=--no-such-option\n')
  const seen =
    'console.log(JSON.stringify([process.argv.slice(2), process.execArgv, process.env.NODE_OPTIONS]))'
  await writeFile(join(folder, 'lib/start.cjs'), seen)
  const start = (words: readonly string[]): unknown => {
    const options = { cwd: folder, env: { PATH: process.env['PATH'] } }
    return JSON.parse(execFileSync('sh', [join(folder, 'locket'), ...words], options).toString())
  }
  assert.deepEqual(start(WORDS), [WORDS, ['--disable-sigusr1'], null])
  const small = ['--disable-sigusr1', '--max-semi-space-size=2']
  assert.deepEqual(start(['serve', '--check']), [['serve', '--check'], small, null])
})
