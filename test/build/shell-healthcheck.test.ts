import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'

const root = resolve(import.meta.dirname, '../..')
const GOOD = 'every secret is in place\n'
const NODE = 'node was asked\n'

/** The launcher, with a program in the place of Node that only says that it was started. */
async function launcher(t: TestContext) {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'bin'))
  await copyFile(join(root, 'plugin/locket.sh'), join(folder, 'bin/locket'))
  await writeFile(join(folder, 'bin/node'), '#!/bin/sh\necho node was asked\nexit 3\n', { mode: 0o755 })
  const status = join(folder, 'ready')
  const run = (words: readonly string[], env: Record<string, string> = {}) => {
    const program = join(folder, 'bin/locket')
    const ran = spawnSync('sh', [program, 'healthcheck', ...words], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...env },
    })
    return [ran.status, ran.stdout, ran.stderr]
  }
  const withFile = async (text: string) => {
    await writeFile(status, text)
    return run(['--status-file', status])
  }
  return { folder, status, run, withFile }
}

test('the launcher answers that all is well without Node', async (t) => {
  const { folder, status, run, withFile } = await launcher(t)
  const secrets = ['a', 'b c', "d'*", 'e,f', 'g[0]'].map((name) => join(folder, name))
  for (const path of secrets) await writeFile(path, 'x')
  for (const list of [[], secrets.slice(0, 1), secrets])
    assert.deepEqual(await withFile(JSON.stringify(list)), [0, GOOD, ''], JSON.stringify(list))
  assert.deepEqual(run([`--status-file=${status}`], { LOCKET_STATUS_FILE: '/nowhere' }), [0, GOOD, ''])
  assert.deepEqual(run([], { LOCKET_STATUS_FILE: status }), [0, GOOD, ''])
})

test('every other answer is left to Node', async (t) => {
  const { folder, status, run, withFile } = await launcher(t)
  const there = join(folder, 'there')
  await writeFile(there, 'x')
  await symlink('/nowhere', join(folder, 'dangling'))
  const gone = join(folder, 'gone')
  const lists: readonly unknown[] = [
    [gone],
    [there, gone],
    [gone, there],
    [there, join(folder, 'dangling')],
    [join(folder, 'quote"')],
    [join(folder, 'back\\slash')],
    ['there'],
    [there, 1],
    [[there]],
    Array.from({ length: 65 }, () => there),
    { a: there },
  ]
  for (const list of lists)
    assert.deepEqual(await withFile(JSON.stringify(list)), [3, NODE, ''], JSON.stringify(list))
  for (const text of ['', 'ready', '[', `["${there}"`, `\n["${there}"]`, `["${there}" , "${gone}"]`])
    assert.deepEqual(await withFile(text), [3, NODE, ''], text)
  await writeFile(status, '[]')
  const others = [
    ['--hold=3', `--status-file=${status}`],
    ['--status-file', 'ready'],
    ['--status-file', folder],
    ['--status-file', '/nowhere'],
    ['--status-file', status, '--hold', '4'],
    ['--status-file'],
    ['--help'],
  ]
  for (const words of others) assert.deepEqual(run(words), [3, NODE, ''], words.join(' '))
})
