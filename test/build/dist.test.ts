import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  globSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'

// What `make rootfs` leaves; `make test` runs it first.
const dist = resolve(import.meta.dirname, '../../dist')
const rootfs = join(dist, 'plugin/rootfs')
const scratch = mkdtempSync(join(tmpdir(), 'locket-dist-'))
after(() => rmSync(scratch, { recursive: true }))
const version: string = JSON.parse(readFileSync(resolve(dist, '../package.json'), 'utf8')).version

test('the program starts through a link from elsewhere, with no environment at all', () => {
  const link = join(scratch, 'locket')
  symlinkSync(join(dist, 'locket/bin/locket'), link)
  const env = { PATH: '/usr/bin:/bin' }
  assert.match(
    execFileSync(link, ['--version'], { env, encoding: 'utf8' }),
    new RegExp(`\\b${version.replaceAll('.', '\\.')}\\b`),
  )
})

test('reading settings loads nothing that speaks to others', () => {
  const hook = join(scratch, 'hook.cjs')
  writeFileSync(hook, "process.on('exit', () => console.error(process.moduleLoadList.join('\\n')))")
  const [program, start] = ['bin/node', 'lib/start.cjs'].map((path) => join(dist, 'locket', path))
  const ran = spawnSync(program ?? '', ['--require', hook, start ?? '', 'check', '--offline'], {
    encoding: 'utf8',
  })
  assert.equal(ran.status, 0)
  assert.match(ran.stderr, /^NativeModule fs$/m)
  assert.doesNotMatch(ran.stderr, /^NativeModule (tls|http|internal\/deps\/undici\/undici)$/m)
})

test('the program starts in its rootfs, where there is nothing else', () => {
  assert.match(
    execFileSync('chroot', [rootfs, '/locket/bin/locket', '--version'], { encoding: 'utf8' }),
    /\d/,
  )
})

test('the rootfs has one program, and no shell', () => {
  const files = globSync('**', { cwd: rootfs }).filter((path) => lstatSync(join(rootfs, path)).isFile())
  const programs = files.filter(
    (path) => (lstatSync(join(rootfs, path)).mode & 0o111) !== 0 && !/\.so(\.\d+)*$/.test(path),
  )
  assert.deepEqual(programs.toSorted(), ['locket/bin/locket', 'locket/bin/node'])
  assert.ok(!files.some((path) => /(^|\/)(sh|bash|busybox|apt|dpkg)$/.test(path)))
})

test('nothing that is published holds the SDK of Bitwarden', () => {
  const texts = globSync('{locket,plugin}/**/*.{mjs,cjs}', { cwd: dist })
  assert.ok(texts.length > 0)
  assert.deepEqual(globSync('{locket,plugin}/**/*{bitwarden,sdk-napi}*', { cwd: dist }), [])
  for (const path of texts) {
    assert.ok(!readFileSync(join(dist, path), 'utf8').includes('node_modules/@bitwarden/sdk-napi'), path)
  }
})

test('every package in the bundle has its licence beside it', () => {
  const notices = readFileSync(join(dist, 'locket/LICENSES/packages'), 'utf8')
  const bundled = globSync('locket/lib/app/*.mjs', { cwd: dist }).flatMap((path) =>
    [...readFileSync(join(dist, path), 'utf8').matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(
      ([, name = '']) => name,
    ),
  )
  assert.ok(bundled.includes('fastify'))
  for (const name of new Set(bundled)) assert.ok(notices.includes(`==== ${name} `), name)
  assert.match(readFileSync(join(dist, 'locket/LICENSES/node'), 'utf8'), /Node\.js/)
})

test('two plugins made of one build differ', () => {
  const plugin = join(scratch, 'plugin')
  mkdirSync(join(plugin, 'rootfs/locket'), { recursive: true })
  const id = join(plugin, 'rootfs/locket/build-id')
  writeFileSync(id, readFileSync(join(rootfs, 'locket/build-id')))
  const before = readFileSync(id, 'utf8')
  execFileSync(resolve(dist, '../plugin/build-id.sh'), [plugin])
  assert.notEqual(readFileSync(id, 'utf8'), before)
})
