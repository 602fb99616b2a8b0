import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'

const root = resolve(import.meta.dirname, '../..')

test('a Node that is too old is named, with a way that works on Debian', async (t) => {
  const { run } = await project(t, { node: 'echo v16.20.2', npm: 'echo 8.19.4' })
  const { status, stderr } = run()
  assert.equal(status, 1)
  assert.match(stderr, /npm on Node 18 or later: apt-get install npm/)
})

test("Debian's npm fetches a pinned npm and Node, and another package in its place is refused", async (t) => {
  const pack =
    'case $1 in --version) echo 9.2.0 ;; pack) echo another > build/toolchain/npm-11.19.1.tgz ;; esac'
  const { folder, run } = await project(t, { npm: pack })
  const { status, stdout, stderr } = run()
  assert.equal(status, 1)
  assert.match(stdout, /npm 9\.2\.0 is too old for this, so a pinned npm and Node come first/)
  assert.match(stderr, /npm@11\.19\.1 is not the package that is pinned: sha512-/)
  assert.ok(!existsSync(join(folder, 'node_modules/.ready')))
})

test('an npm that is new enough installs all', async (t) => {
  const ci = 'case $1 in --version) echo 11.10.0 ;; *) echo "npm $*" ;; esac'
  const { folder, run } = await project(t, { npm: ci })
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
  copyFileSync('/bin/true', join(folder, 'node_modules/.bin/node'))
  const { status, stdout } = run()
  assert.equal(status, 0)
  assert.match(stdout, /^npm ci --ignore-scripts --silent$/m)
  assert.ok(existsSync(join(folder, 'node_modules/.ready')))
})

/** A project with nothing but what the toolchain reads, and programs of these names first on its PATH. */
async function project(t: TestContext, programs: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder(t)
  for (const name of ['scripts', 'bin']) mkdirSync(join(folder, name))
  for (const name of [
    'package.json',
    'package-lock.json',
    'scripts/toolchain.sh',
    'scripts/debian-packages.sh',
  ])
    copyFileSync(join(root, name), join(folder, name))
  for (const [name, line] of Object.entries(programs)) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${line}\n`)
    chmodSync(join(folder, 'bin', name), 0o755)
  }
  const env = { PATH: `${folder}/bin:${process.env['PATH'] ?? ''}` }
  const run = () =>
    spawnSync(join(folder, 'scripts/toolchain.sh'), { env, encoding: 'utf8', timeout: 60_000 })
  return { folder, run }
}
