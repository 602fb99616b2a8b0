import assert from 'node:assert/strict'
import { spawn, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { DIST } from '../../scripts/engine/plugin.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const VERSION = '1.2.3'
const TARBALL = `locket-${VERSION}-linux-${process.arch}.tar.gz`
const folder = await temporaryFolder({ after: (end) => after(end as () => Promise<void>) })
const prefix = join(folder, 'prefix')
const units = join(folder, 'units')
const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(request.url ?? '')
  const path = join(folder, request.url ?? '')
  if (existsSync(path)) response.end(readFileSync(path))
  else response.writeHead(404).end()
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => server.close())
const from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
makeTarball()

/** `make packages`, its tarball, packed fast. */
function makeTarball(): void {
  const script = join(ROOT, 'scripts/packages/tarball.sh')
  const env = { ...process.env, LEVEL: '1' }
  execFileSync(script, [process.arch, join(DIST, 'locket'), folder, VERSION], { env })
}

async function script(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const where = ['--prefix', prefix, '--units', units]
  const child = spawn(join(folder, 'install.sh'), [...where, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  child.stderr.on('data', (text: Buffer) => (err += text.toString()))
  const [code] = await once(child, 'close')
  return { code, out, err }
}

const run = (path: string, ...words: string[]): string =>
  execFileSync(join(prefix, path), words, { encoding: 'utf8' })
const everything = (): readonly string[] =>
  existsSync(prefix) ? globSync('**', { cwd: prefix }).toSorted() : []

test('it installs what a server has, with the checksum beside it', async () => {
  const { code, out, err } = await script('--from', from)
  assert.equal(code, 0, err)
  assert.match(out, /^installed locket \d\S* .* at \S+\/bin\/locket; next: locket init/)
  assert.deepEqual(asked, [`/${TARBALL}`, `/${TARBALL}.sha256`])
  assert.match(run('bin/locket', '--version'), /^locket \d/)
  assert.match(run('lib/docker/cli-plugins/docker-locket', 'docker-cli-plugin-metadata'), /SchemaVersion/)
  assert.match(readFileSync(join(prefix, 'share/bash-completion/completions/locket'), 'utf8'), /complete/)
  assert.ok(existsSync(join(prefix, 'share/man/man1/locket.1.gz')))
  for (const unit of ['locket.service', 'locket-serve.service'])
    assert.ok(readFileSync(join(units, unit), 'utf8').includes(`ExecStart=${prefix}/bin/locket `), unit)
})

test('it refuses a place that something else has, and a server that anybody can speak for', async (t) => {
  const other = await temporaryFolder(t)
  mkdirSync(join(other, 'bin'))
  writeFileSync(join(other, 'bin/locket'), 'of another program')
  const taken = await script('--from', folder, '--prefix', other)
  assert.match(
    taken.err,
    /^install\.sh: \S+\/bin\/locket is there already, and not of locket; nothing was changed/,
  )
  assert.equal(taken.code, 1)
  assert.equal(readFileSync(join(other, 'bin/locket'), 'utf8'), 'of another program')
  assert.deepEqual(readdirSync(other), ['bin'])
  const plain = await script('--from', 'http://downloads.example', '--prefix', join(other, 'new'))
  assert.match(
    plain.err,
    /^install\.sh: http:\/\/ protects nothing: name an https:\/\/ address, or give --sha256/,
  )
  assert.deepEqual(readdirSync(other), ['bin'])
})

test('uninstall leaves folders that were there, and what has a similar name', async (t) => {
  const other = await temporaryFolder(t)
  const there = ['bin', 'lib/locket-board-extras', 'share/man/man1', 'share/zsh/site-functions']
  for (const name of there) mkdirSync(join(other, name), { recursive: true })
  const before = globSync('**', { cwd: other }).toSorted()
  for (const words of [['--from', folder], ['--from', folder], ['uninstall']]) {
    const { code, err } = await script(...words, '--prefix', other)
    assert.equal(code, 0, err)
  }
  assert.deepEqual(globSync('**', { cwd: other }).toSorted(), before)
})

test('a tarball that was changed, or cut off, is refused by name, and nothing is changed', async () => {
  const [before, link] = [everything(), readlinkSync(join(prefix, 'lib/locket'))]
  appendFileSync(join(folder, TARBALL), 'x')
  const refused = new RegExp(
    `^install.sh: ${TARBALL} is refused: its checksum is [0-9a-f]{64} and not [0-9a-f]{64};`,
  )
  const changed = await script('--from', from)
  assert.equal(changed.code, 1)
  assert.match(changed.err, refused)
  truncateSync(join(folder, TARBALL), 1000)
  assert.match((await script('--from', from)).err, refused)
  makeTarball()
  assert.match((await script('--from', from, '--sha256', '0'.repeat(64))).err, refused)
  assert.deepEqual([everything(), readlinkSync(join(prefix, 'lib/locket'))], [before, link])
  assert.match(run('bin/locket', '--version'), /^locket \d/)
})

test('a server without that version is an error that names the file', async () => {
  const { code, err } = await script('--from', from, '--version', '9.9.9')
  assert.equal(code, 1)
  assert.match(err, /install\.sh: locket-9\.9\.9-linux-\w+\.tar\.gz cannot be fetched from http:/)
  assert.equal((await script()).code, 1)
  assert.match((await script('--frm', from)).err, /--frm is not known: install\.sh --from/)
})

test('a second install replaces the first in one step, from a folder and by a given checksum', async () => {
  const [sum = ''] = readFileSync(join(folder, `${TARBALL}.sha256`), 'utf8').split(' ')
  const { code, err } = await script('--from', folder, '--sha256', sum)
  assert.equal(code, 0, err)
  assert.equal(readlinkSync(join(prefix, 'lib/locket')), `locket-${VERSION}-${sum.slice(0, 12)}`)
  assert.equal(globSync('lib/.locket-install*', { cwd: prefix }).length, 0)
  assert.match(run('bin/locket', '--version'), /^locket \d/)
})

test('uninstall leaves nothing of it', async () => {
  const { code, err } = await script('uninstall')
  assert.equal(code, 0, err)
  assert.deepEqual(everything(), [])
  assert.deepEqual(globSync('*', { cwd: units }), [])
  assert.match((await script('uninstall')).err, /was not installed by this script/)
})
