import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../../scripts/engine/until.ts'
import { injectWorld, VALUES, type InjectWorld } from './inject-command.ts'
import { untilLogged } from '../../support/until-logged.ts'

const { user, password } = VALUES
const DEBOUNCE_MS = 100

/** `locket inject --mode watch` of `tpl` to `out`, its first files written. */
async function watching(
  t: TestContext,
  more: readonly string[] = [],
  prepare?: (world: InjectWorld) => Promise<unknown>,
) {
  const world = await injectWorld(t)
  await world.put('tpl/app.conf', 'user={{ op://v/i/user }}')
  await prepare?.(world)
  const args = [
    '--map=tpl:out',
    '--mode=watch',
    `--debounce=${DEBOUNCE_MS}ms`,
    `--status-file=${world.at('ready')}`,
  ]
  const running = world.start([...args, ...more])
  await until('the first files', () => existsSync(world.at('ready')) || running.child.exitCode !== null)
  assert.equal(running.child.exitCode, null, running.log())
  const is = (path: string, text: string) =>
    until(`${path} is ${text.length} characters`, async () => (await read(world, path)) === text)
  const isGone = (path: string) => until(`${path} is gone`, () => !existsSync(world.at(path)))
  return { ...world, running, is, isGone }
}

function read({ text }: InjectWorld, path: string): Promise<string> {
  return text(path).catch(() => '')
}

test('edits, new files, renames and deletions end in the right output', async (t) => {
  const { put, at, is, isGone, replace, running } = await watching(t)
  await is('out/app.conf', `user=${user}`)
  await put('tpl/app.conf', 'u={{ op://v/i/user }}')
  await is('out/app.conf', `u=${user}`)
  await put('tpl/new/db.conf', 'p={{ op://v/i/password }}')
  await is('out/new/db.conf', `p=${password}`)
  await rename(at('tpl/new/db.conf'), at('tpl/renamed'))
  await is('out/renamed', `p=${password}`)
  await isGone('out/new')
  await rm(at('tpl/renamed'))
  await isGone('out/renamed')
  await replace('tpl/app.conf', 'again={{ op://v/i/user }}')
  await is('out/app.conf', `again=${user}`)
  await rm(at('tpl/app.conf'))
  await mkdir(at('tpl/app.conf'))
  await put('tpl/app.conf/inner', 'x')
  await is('out/app.conf/inner', 'x')
  await rm(at('tpl/app.conf'), { recursive: true })
  await put('tpl/app.conf', 'y')
  await is('out/app.conf', 'y')
  const { code, stderr } = await running.stop()
  assert.equal(code, 0)
  assert.doesNotMatch(stderr, /ERROR/)
})

test('F5: a template replaced by rename is written again each time, and its output is never gone', async (t) => {
  const { put, at, is, replace, running } = await watching(
    t,
    ['--map=one.tpl:single/one'],
    ({ put: first }) => first('one.tpl', 'one={{ op://v/i/user }}'),
  )
  let wasAway = false
  const looking = setInterval(() => (wasAway ||= !existsSync(at('single/one'))), 5)
  t.after(() => clearInterval(looking))
  for (const word of ['two', 'three', 'four']) {
    await replace('one.tpl', `${word}={{ op://v/i/user }}`)
    await is('single/one', `${word}=${user}`)
  }
  // As vim does without a backup folder: away for a moment.
  await rename(at('one.tpl'), at('one.tpl~'))
  await sleep(10)
  await put('one.tpl', 'five={{ op://v/i/user }}')
  await is('single/one', `five=${user}`)
  assert.equal(wasAway, false)
  assert.doesNotMatch((await running.stop()).stderr, /inject.removed|inject.missing/)
})

test('a single template that is gone takes its output along, and health fails until it is back', async (t) => {
  const { put, at, is, isGone, health } = await watching(t, ['--map=one.tpl:single/one'], ({ put: first }) =>
    first('one.tpl', 'one={{ op://v/i/user }}'),
  )
  await rm(at('one.tpl'))
  await isGone('single/one')
  await isGone('ready')
  await put('tpl/app.conf', 'goes on')
  await is('out/app.conf', 'goes on')
  await put('one.tpl', 'back')
  await is('single/one', 'back')
  await until('healthy again', async () => (await health()).code === 0)
})

test('the folder itself swapped, by rename and by a link, as deployments do', async (t) => {
  const { put, at, is, isGone } = await watching(t, ['--map=link:linked'], async (world) => {
    await world.put('v1/a', 'first')
    await symlink('v1', world.at('link'))
  })
  await put('next/app.conf', 'next={{ op://v/i/user }}')
  await put('next/more', 'more')
  await rename(at('tpl'), at('before'))
  await rename(at('next'), at('tpl'))
  await is('out/app.conf', `next=${user}`)
  await is('out/more', 'more')
  await put('tpl/more', 'edited')
  await is('out/more', 'edited')
  await is('linked/a', 'first')
  await put('v2/b', 'second')
  await symlink('v2', at('next-link'))
  await rename(at('next-link'), at('link'))
  await is('linked/b', 'second')
  await isGone('linked/a')
  await put('v2/b', 'third')
  await is('linked/b', 'third')
})

test('a Kubernetes folder: `..data` swapped, generation after generation', async (t) => {
  const { at, is, put } = await watching(t, ['--map=k8s:pod'], (world) => generation(world, 1))
  await is('pod/app.conf', `1 ${user}`)
  for (const n of [2, 3]) {
    await generation({ at, put }, n)
    await is('pod/app.conf', `${n} ${user}`)
  }
  assert.deepEqual(await readdir(at('pod')), ['app.conf'])
})

test("a swap file, a backup and vim's probe are not templates, and do not block an edit", async (t) => {
  const { put, at, is, replace } = await watching(t)
  await put('tpl/.app.conf.swp', Buffer.from([0x62, 0x30, 0, 0xff, ...Buffer.from('{{ op://broken')]))
  await put('tpl/4913', '')
  await rm(at('tpl/4913'))
  await put('tpl/app.conf~', 'user={{ op://v/i/user }}')
  await replace('tpl/app.conf', 'edited={{ op://v/i/password }}')
  await is('out/app.conf', `edited=${password}`)
  await put('tpl/#app.conf#', '{{ op://v/i/nothing }}')
  await symlink('me@host.1:2', at('tpl/.#app.conf'))
  await put('tpl/app.conf', 'last')
  await is('out/app.conf', 'last')
  assert.deepEqual(await readdir(at('out')), ['app.conf'])
})

test('F11: a failed re-rendering keeps the good file; health fails until one succeeds', async (t) => {
  const { put, at, text, is, isGone, health, running, server } = await watching(t)
  assert.equal((await health()).code, 0)
  await put('tpl/app.conf', 'user={{ op://v/i/nothing }}')
  await isGone('ready')
  assert.equal((await health()).code, 1)
  assert.equal(await text('out/app.conf'), `user=${user}`)
  await untilLogged(
    () => running.log(),
    /ERROR inject.failed .*written again and stay unchanged .*op:\/\/v\/i\/nothing/,
  )
  await put('tpl/app.conf', 'u={{ op://v/i/user }}')
  await is('out/app.conf', `u=${user}`)
  await until('healthy again', async () => (await health()).code === 0)
  server.knobs.tokens.clear()
  await put('tpl/app.conf', 'p={{ op://v/i/password }}')
  await isGone('ready')
  assert.equal(await text('out/app.conf'), `u=${user}`)
  await rm(at('out/app.conf'))
  assert.equal((await health()).code, 1)
})

test('with passthrough, a file that has its secrets keeps them when a reference fails later', async (t) => {
  const { put, at, text, is, isGone, running } = await watching(t, ['--inject-failure-policy=passthrough'])
  await put('tpl/app.conf', 'user={{ op://v/i/nothing }}')
  await put('tpl/other', 'other={{ op://v/i/user }}')
  await is('out/other', `other=${user}`)
  await isGone('ready')
  assert.equal(await text('out/app.conf'), `user=${user}`)
  await put('tpl/new', '{{ op://v/i/nothing }}')
  await is('out/new', '{{ op://v/i/nothing }}')
  await untilLogged(() => running.log(), /WARN inject.unresolved .*op:\/\/v\/i\/nothing/)
  assert.equal(existsSync(at('ready')), false)
})

test('only what changed is written: a program that watches the folder sees one file change', async (t) => {
  const { put, at, is, running } = await watching(t, [], ({ put: first }) =>
    first('tpl/other', '{{ op://v/i/user }}'),
  )
  const before = statSync(at('out/other'))
  await put('tpl/app.conf', 'u')
  await is('out/app.conf', 'u')
  const after = statSync(at('out/other'))
  assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs])
  assert.match((await running.stop()).stderr, /files=2 changed=1/)
})

test('SIGTERM keeps the files; with --wipe-on-exit files, folders and the status file are gone', async (t) => {
  for (const mode of ['watch', 'park']) {
    const { put, at, start } = await injectWorld(t)
    await put('tpl/deep/a', '{{ op://v/i/user }}')
    const run = async (more: readonly string[]) => {
      const running = start(['--map=tpl:out', `--mode=${mode}`, `--status-file=${at('ready')}`, ...more])
      await until('the first files', () => existsSync(at('ready')))
      if (mode === 'park') {
        await writeFile(at('tpl/deep/a'), 'changed')
        await sleep(700)
      }
      const { code, stderr } = await running.stop()
      assert.equal(code, 0, stderr)
    }
    await run([])
    assert.equal(existsSync(at('out/deep/a')), true)
    assert.equal(existsSync(at('ready')), true)
    await rm(at('out'), { recursive: true })
    await rm(at('ready'))
    await run(['--wipe-on-exit'])
    assert.equal(existsSync(at('out')), false)
    assert.equal(existsSync(at('ready')), false)
  }
})

async function generation({ put, at }: Pick<InjectWorld, 'put' | 'at'>, n: number): Promise<void> {
  await put(`k8s/..gen${n}/app.conf`, `${n} {{ op://v/i/user }}`)
  await symlink(`..gen${n}`, at('k8s/..next'))
  await rename(at('k8s/..next'), at('k8s/..data'))
  if (n === 1) await symlink('..data/app.conf', at('k8s/app.conf'))
  else await rm(at(`k8s/..gen${n - 1}`), { recursive: true })
}
