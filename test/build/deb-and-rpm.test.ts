import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { DIST } from '../../scripts/engine/plugin.ts'
import { temporaryFolder, tinyDisk } from '../support/temporary-folder.ts'

// `make artifacts` has made the clean root, and `make build` the program.
const ROOT = resolve(import.meta.dirname, '../..')
const CLEAN = join(ROOT, 'build/cache/debian-root')
const out = await temporaryFolder({ after: (end) => after(end as () => Promise<void>) })
const [arch, deb, rpm] = process.arch === 'arm64' ? ['arm64', 'arm64', 'aarch64'] : ['x64', 'amd64', 'x86_64']

/** Makes a package of the program of this processor, packed fast; returns its path. */
function make(kind: 'deb' | 'rpm', file: string): string {
  const env = { ...process.env, LEVEL: '1', PACKING: 'gzip' }
  const script = join(ROOT, `scripts/packages/${kind}.sh`)
  execFileSync(script, [arch, join(DIST, 'locket'), out, '1.2.3'], { env })
  assert.deepEqual(globSync(`*.${kind}`, { cwd: out }), [file])
  return join(out, file)
}

/** A minimal Debian whose changes are in memory, with its /proc; runs a program in it. */
async function cleanRoot(t: TestContext) {
  const disk = await tinyDisk(t, 1024 ** 3)
  const root = join(disk, 'root')
  for (const name of ['upper', 'work', 'root']) mkdirSync(join(disk, name))
  const folders = `lowerdir=${CLEAN},upperdir=${join(disk, 'upper')},workdir=${join(disk, 'work')}`
  execFileSync('mount', ['-t', 'overlay', '-o', folders, 'overlay', root])
  execFileSync('mount', ['-t', 'proc', 'proc', join(root, 'proc')])
  const inside = (...words: string[]) => spawnSync('chroot', [root, ...words], { encoding: 'utf8' })
  const succeeds = (...words: string[]): string => {
    const { status, stdout, stderr } = inside(...words)
    assert.equal(status, 0, `${words.join(' ')}: ${stderr}${stdout}`)
    return stdout
  }
  return { root, inside, succeeds }
}

/** All paths of a root but those of package managers' own records. */
function pathsOf(root: string): readonly string[] {
  const records = /^(proc|var\/lib\/(dpkg|rpm)|var\/log|var\/cache|usr\/lib\/sysimage|root\/\.rpmdb)(\/|$)/
  return globSync('**', { cwd: root, exclude: (path) => records.test(path) })
    .filter((path) => !records.test(path))
    .toSorted()
}

const difference = (a: readonly string[], b: readonly string[]): readonly string[] => [
  ...new Set(a).symmetricDifference(new Set(b)),
]

const modeOf = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8)

test('the Debian package installs in a clean Debian, and purge leaves nothing', async (t) => {
  const { root, inside, succeeds } = await cleanRoot(t)
  const before = pathsOf(root)
  const path = make('deb', `locket_1.2.3_${deb}.deb`)
  execFileSync('cp', [path, join(root, 'locket.deb')])
  assert.equal(succeeds('dpkg', '--audit'), '')
  succeeds('dpkg', '--install', '/locket.deb')
  assert.equal(succeeds('dpkg', '--verify', 'locket'), '')
  assert.match(succeeds('/usr/bin/locket', '--version'), /^locket \d/)
  assert.match(
    succeeds('/usr/lib/docker/cli-plugins/docker-locket', 'docker-cli-plugin-metadata'),
    /SchemaVersion/,
  )
  assert.equal(modeOf(join(root, 'etc/locket')), '700')
  assert.equal(modeOf(join(root, 'etc/locket/locket.toml')), '600')
  for (const unit of ['locket.service', 'locket-serve.service'])
    assert.match(
      readFileSync(join(root, 'usr/lib/systemd/system', unit), 'utf8'),
      /^ExecStart=\/usr\/bin\/locket /m,
    )
  const listed = succeeds('dpkg', '-L', 'locket')
  for (const file of [
    'bash-completion/completions/locket',
    'zsh/vendor-completions/_locket',
    'man/man1/locket.1.gz',
  ])
    assert.ok(listed.includes(`/usr/share/${file}\n`), file)
  succeeds('/usr/bin/locket', 'secret', 'set', 'a', '--file', '/etc/hostname')
  mkdirSync(join(root, 'var/lib/locket'))
  writeFileSync(join(root, 'etc/locket/locket.toml'), '[volume]\n')
  succeeds('dpkg', '--remove', 'locket')
  assert.equal(readFileSync(join(root, 'etc/locket/locket.toml'), 'utf8'), '[volume]\n')
  assert.notEqual(inside('/usr/bin/locket', '--version').status, 0)
  succeeds('dpkg', '--purge', 'locket')
  assert.deepEqual(difference(pathsOf(root), before), ['locket.deb'])
})

test('the Debian package is not removed while a volume is mounted, and names it', async (t) => {
  const { root, inside, succeeds } = await cleanRoot(t)
  const path = globSync(join(out, '*.deb'))[0] ?? ''
  execFileSync('cp', [path, join(root, 'locket.deb')])
  succeeds('dpkg', '--install', '/locket.deb')
  mkdirSync(join(root, 'var/lib/locket/volumes/db'), { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'locket', join(root, 'var/lib/locket/volumes/db')])
  const { status, stderr } = inside('dpkg', '--purge', 'locket')
  assert.notEqual(status, 0)
  assert.match(stderr, /not removed: these volumes are mounted.*\n {2}\/var\/lib\/locket\/volumes\/db\n/)
  assert.match(succeeds('/usr/bin/locket', '--version'), /^locket \d/)
})

test('purge takes nothing of another installation, and an upgrade does not depend on a restart', async (t) => {
  const { root, inside, succeeds } = await cleanRoot(t)
  const path = globSync(join(out, '*.deb'))[0] ?? ''
  execFileSync('cp', [path, join(root, 'locket.deb')])
  mkdirSync(join(root, 'run/systemd/system'), { recursive: true })
  writeFileSync(join(root, 'usr/bin/systemctl'), '#!/bin/sh\n[ "$1" != try-restart ]\n', { mode: 0o755 })
  succeeds('dpkg', '--install', '/locket.deb')
  assert.match(succeeds('dpkg', '--install', '/locket.deb'), /locket was not restarted: journalctl -u locket/)
  succeeds('dpkg', '--remove', 'locket')
  const volume = join(root, 'var/lib/locket/volumes/db')
  mkdirSync(volume, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'locket', volume])
  writeFileSync(join(volume, 'password'), 'in use')
  const mounted = inside('dpkg', '--purge', 'locket')
  assert.notEqual(mounted.status, 0)
  assert.match(mounted.stderr, /not purged: volumes are mounted below \/var\/lib\/locket/)
  assert.equal(readFileSync(join(volume, 'password'), 'utf8'), 'in use')
  execFileSync('umount', [volume])
  mkdirSync(join(root, 'usr/local/lib/locket'))
  writeFileSync(join(root, 'etc/locket/secrets.age'), '')
  assert.match(succeeds('dpkg', '--purge', 'locket'), /stay: the installation in \/usr\/local uses them/)
  for (const file of ['secrets.age', 'locket.toml'])
    assert.ok(lstatSync(join(root, 'etc/locket', file)).isFile(), file)
  assert.ok(lstatSync(volume).isDirectory())
})

test('the RPM has the same files, installs into a root, and leaves nothing', async (t) => {
  const { root, succeeds } = await cleanRoot(t)
  const before = pathsOf(root)
  const path = make('rpm', `locket-1.2.3-1.${rpm}.rpm`)
  const db = ['--dbpath', '/var/lib/rpm']
  const query = (...words: string[]): string => execFileSync('rpm', [...words, path], { encoding: 'utf8' })
  const files = query('-qpl').split('\n')
  for (const file of [
    '/usr/bin/locket',
    '/usr/lib/locket/bin/node',
    '/usr/lib/systemd/system/locket.service',
  ])
    assert.ok(files.includes(file), file)
  assert.ok(files.includes('/usr/share/zsh/site-functions/_locket'))
  assert.match(query('-qp', '--requires'), /^glibc >= 2\.28$/m)
  assert.equal(query('-qp', '--queryformat', '%{NAME} %{VERSION} %{ARCH}'), `locket 1.2.3 ${rpm}`)
  execFileSync('rpm', ['--root', root, ...db, '--nodeps', '--install', path])
  assert.match(succeeds('/usr/bin/locket', '--version'), /^locket \d/)
  assert.equal(modeOf(join(root, 'etc/locket')), '700')
  assert.equal(modeOf(join(root, 'etc/locket/locket.toml')), '600')
  // A command that the build has not run: its compiled code is written beside the program.
  succeeds('/usr/bin/locket', 'completion', 'bash')
  execFileSync('rpm', ['--root', root, ...db, '--nodeps', '--erase', 'locket'])
  assert.deepEqual(difference(pathsOf(root), before), [])

  mkdirSync(join(root, 'usr/local/lib/locket'), { recursive: true })
  for (const text of ['', '[volume]\n']) {
    execFileSync('rpm', ['--root', root, ...db, '--nodeps', '--install', path])
    const settings = join(root, 'etc/locket/locket.toml')
    if (text !== '') writeFileSync(settings, text)
    const kept = readFileSync(settings, 'utf8')
    execFileSync('rpm', ['--root', root, ...db, '--nodeps', '--erase', 'locket'])
    assert.equal(readFileSync(settings, 'utf8'), kept, 'the installation in /usr/local uses it')
  }
})

test('the manual has no mistake of roff, and every command', () => {
  const page = join(ROOT, 'docs/reference/locket.1')
  const { status, stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', page], { encoding: 'utf8' })
  // It has no date, because it is generated.
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .filter((line) => !line.includes('missing date')),
    [],
    String(status),
  )
  const struck = execFileSync('mandoc', ['-T', 'utf8', page], { encoding: 'utf8' })
  // Bold is a letter, a step back, and the letter again.
  const shown = struck
    .split('')
    .map((part, index, all) => (index < all.length - 1 ? part.slice(0, -1) : part))
    .join('')
  const commands = globSync('src/cli/*.ts', { cwd: ROOT }).map((path) => basename(path, '.ts'))
  for (const name of commands.filter((it) => /^(volume|exec|inject|run|serve|secret-ref|doctor)$/.test(it)))
    assert.match(shown, new RegExp(`^   ${name}$`, 'm'))
  assert.match(shown, /--secret NAME=TEMPLATE/)
})
