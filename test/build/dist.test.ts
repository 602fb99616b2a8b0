import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
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
import { basename, join, resolve } from 'node:path'
import { after, test } from 'node:test'

// The folder that `make rootfs` writes; `make test` runs it first. LOCKET_E2E_DIST names another one.
const root = resolve(import.meta.dirname, '../..')
const dist = resolve(root, process.env['LOCKET_E2E_DIST'] ?? 'dist')
const rootfs = join(dist, 'plugin/rootfs')
const scratch = mkdtempSync(join(tmpdir(), 'locket-dist-'))
after(() => rmSync(scratch, { recursive: true }))
const version: string = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version

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
  const words = ['check', '--offline', '--secret', 'a=b']
  const ran = spawnSync(program ?? '', ['--require', hook, start ?? '', ...words], {
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
  assert.deepEqual(programs.toSorted(), ['locket/bin/locket', 'locket/bin/node', 'locket/bin/start'])
  assert.ok(!files.some((path) => /(^|\/)(sh|bash|busybox|apt|dpkg)$/.test(path)))
})

const OF_THE_IMAGE = ['bin/launcher', 'bin/sidecar', 'lib/dash', 'LICENSES/dash'].map(
  (path) => `locket/${path}`,
)

test("the sidecar image has the plugin's files without its folders, readable for every user", () => {
  const image = join(dist, 'image/rootfs')
  const filesIn = (folder: string) =>
    globSync('**', { cwd: folder }).filter((path) => lstatSync(join(folder, path)).isFile())
  assert.deepEqual(
    filesIn(image).toSorted(),
    [...filesIn(rootfs).filter((path) => path !== 'locket/build-id'), ...OF_THE_IMAGE].toSorted(),
  )
  assert.match(readFileSync(join(image, 'locket/LICENSES/dash'), 'utf8'), /Herbert Xu/)
  for (const folder of ['run/docker', 'var']) assert.equal(existsSync(join(image, folder)), false, folder)
  for (const folder of ['templates', 'etc/locket', 'run/secrets'])
    assert.equal(lstatSync(join(image, folder)).mode & 0o777, 0o755, folder)
  for (const path of filesIn(image)) assert.equal(lstatSync(join(image, path)).mode & 0o044, 0o044, path)
})

test('in the sidecar image a health check that finds all in place needs no Node', () => {
  const small = join(scratch, 'image')
  for (const path of ['lib', 'lib64', 'locket/bin/launcher', 'locket/lib/dash'])
    cpSync(join(dist, 'image/rootfs', path), join(small, path), { recursive: true, verbatimSymlinks: true })
  writeFileSync(join(small, 'ready'), '["/lib64"]')
  const check = ['/locket/bin/launcher', 'healthcheck', '--status-file', '/ready']
  const run = () => spawnSync('chroot', [small, ...check], { encoding: 'utf8' })
  assert.deepEqual([run().status, run().stdout], [0, 'every secret is in place\n'])
  writeFileSync(join(small, 'ready'), '["/gone"]')
  assert.match(run().stderr, /\/locket\/bin\/node: not found/)
})

test('nothing that is published holds the SDK of Bitwarden', () => {
  const texts = globSync('{locket,plugin}/**/*.{mjs,cjs,js}', { cwd: dist })
  assert.ok(texts.length > 0)
  assert.deepEqual(globSync('{locket,plugin}/**/*{bitwarden,sdk-napi}*', { cwd: dist }), [])
  for (const path of texts) {
    // esbuild writes this before each file that it bundles.
    assert.doesNotMatch(readFileSync(join(dist, path), 'utf8'), /^\/\/ .*@bitwarden\/sdk-napi/m, path)
  }
  const natives = globSync('{locket,plugin/rootfs/locket}/**/*.{node,wasm}', { cwd: dist })
  assert.deepEqual(new Set(natives.map((path) => basename(path))), new Set(['koffi.node', 'core_bg.wasm']))
})

test("1Password's SDK ships beside the bundle, and no other package does", () => {
  for (const folder of ['locket', 'plugin/rootfs/locket']) {
    const modules = join(dist, folder, 'lib/node_modules')
    assert.deepEqual(globSync('{[!@]*,@*/*}', { cwd: modules }).toSorted(), [
      '@1password/sdk',
      '@1password/sdk-core',
    ])
    const wasm = readFileSync(join(modules, '@1password/sdk-core/nodejs/core_bg.wasm'))
    assert.deepEqual(wasm, readFileSync(join(root, 'node_modules/@1password/sdk-core/nodejs/core_bg.wasm')))
  }
})

test('every package in the bundle has its licence beside it', () => {
  const notices = readFileSync(join(dist, 'locket/LICENSES/packages'), 'utf8')
  const bundled = globSync('locket/lib/app/*.{cjs,mjs}', { cwd: dist }).flatMap((path) =>
    [
      ...readFileSync(join(dist, path), 'utf8').matchAll(
        /^\/\/ (?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//gm,
      ),
    ].map(([, name = '']) => name),
  )
  assert.ok(bundled.includes('fastify'))
  for (const name of new Set([...bundled, '@1password/sdk', '@1password/sdk-core']))
    assert.ok(notices.includes(`==== ${name} `), name)
  assert.match(readFileSync(join(dist, 'locket/LICENSES/node'), 'utf8'), /Node\.js/)
})

test('two plugins made of one build differ', () => {
  const plugin = join(scratch, 'plugin')
  mkdirSync(join(plugin, 'rootfs/locket'), { recursive: true })
  const id = join(plugin, 'rootfs/locket/build-id')
  writeFileSync(id, readFileSync(join(rootfs, 'locket/build-id')))
  const before = readFileSync(id, 'utf8')
  execFileSync(join(root, 'plugin/build-id.sh'), [plugin])
  assert.notEqual(readFileSync(id, 'utf8'), before)
})

/** The files of the program that a command loads, each with whether V8 accepts the compiled code of it. */
function loadedBy(words: readonly string[]): readonly string[] {
  const hook = join(scratch, 'files.cjs')
  const text = `const vm = require('node:vm')
    const { Script } = vm
    const { writeSync } = require('node:fs')
    const say = (path, is) => writeSync(2, '\\nLOADED ' + require('node:path').basename(path) + ' ' + is)
    vm.Script = class extends Script {
      constructor(text, options) {
        super(text, options)
        say(options.filename, this.cachedDataRejected === false)
      }
    }
    process.on('exit', () => {
      for (const path of Object.keys(require.cache)) if (path.includes('/lib/app/')) say(path, false)
    })`
  writeFileSync(hook, text)
  const [program = '', start = ''] = ['bin/node', 'lib/start.cjs'].map((path) => join(dist, 'locket', path))
  const ran = spawnSync(program, ['--require', hook, start, ...words], { encoding: 'utf8' })
  return ran.stderr.split('\n').flatMap((line) => (line.startsWith('LOADED ') ? [line.slice(7)] : []))
}

test('a health check loads one file, and no file needs two bytes for a character', () => {
  assert.deepEqual(loadedBy(['healthcheck']), ['main.cjs true'])
  const app = join(dist, 'locket/lib/app')
  for (const file of globSync('*.cjs', { cwd: app }))
    assert.ok(!readFileSync(join(app, file)).some((byte) => byte > 127), file)
})

test('an exec loads what it runs, with compiled code, and nothing else', () => {
  const store = ['--local-file', join(scratch, 'secrets.age'), '--local-key', join(scratch, 'key')]
  const value = join(scratch, 'value')
  writeFileSync(value, 'value')
  execFileSync(join(dist, 'locket/bin/locket'), ['secret', 'set', 'a', '--file', value, ...store])
  const files = ['main.cjs true', 'exec.cjs true']
  const words = [...store, '--', '/bin/true']
  assert.deepEqual(loadedBy(['exec', '-e', 'A=b', ...words]), files)
  assert.deepEqual(loadedBy(['exec', '-e', 'A={{ local://a }}', ...words]), [...files, 'local.cjs true'])
})

test('compiled code of another text is not used, and a file that is cut short is compiled', () => {
  const folder = join(scratch, 'stale')
  cpSync(join(dist, 'locket'), folder, { recursive: true })
  const version = (): string => execFileSync(join(folder, 'bin/locket'), ['--version'], { encoding: 'utf8' })
  const before = version()
  const [app, cache] = [join(folder, 'lib/app/main.cjs'), join(folder, 'lib/cache/main.cjs')]
  const text = readFileSync(app, 'latin1')
  // Another text of the same length, as an upgrade that changes one letter brings it.
  const mark = text.slice(2, 31)
  const other = text.replace(mark, mark.split('').toReversed().join('')).replaceAll('(node ', '(NODE ')
  assert.ok(other.length === text.length && other !== text)
  writeFileSync(app, other, 'latin1')
  assert.equal(version(), before.replace('(node ', '(NODE '))
  assert.notEqual(version(), before)
  writeFileSync(app, text, 'latin1')
  writeFileSync(cache, readFileSync(cache).subarray(0, -100))
  assert.equal(version(), before)
  writeFileSync(cache, '')
  assert.equal(version(), before)
})
