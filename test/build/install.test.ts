import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'

const root = resolve(import.meta.dirname, '../..')
const dest = mkdtempSync(join(tmpdir(), 'locket-install-'))
after(() => rmSync(dest, { recursive: true }))
const install = (action: string): string =>
  execFileSync(join(root, 'plugin/install.sh'), [action, dest, '/opt/tools'], { encoding: 'utf8' })
const config = join(dest, 'etc/locket/locket.toml')
const unit = join(dest, 'etc/systemd/system/locket.service')
const serveUnit = join(dest, 'etc/systemd/system/locket-serve.service')

test('install puts program, unit and a private sample configuration in place', () => {
  install('install')
  const program = join(dest, 'opt/tools/bin/locket')
  assert.match(execFileSync(program, ['--version'], { encoding: 'utf8' }), /\d/)
  assert.equal(statSync(join(dest, 'etc/locket')).mode & 0o777, 0o700)
  assert.equal(statSync(config).mode & 0o777, 0o600)
  assert.match(
    readFileSync(unit, 'utf8'),
    /^ExecStart=\/opt\/tools\/bin\/locket volume --config \/etc\/locket\/locket\.toml$/m,
  )
})

test('install makes locket a plugin of the Docker CLI, also if the folder is moved', () => {
  const plugin = join(dest, 'opt/tools/lib/docker/cli-plugins/docker-locket')
  assert.ok(!readlinkSync(plugin).startsWith('/'))
  const metadata = execFileSync(plugin, ['docker-cli-plugin-metadata'], { encoding: 'utf8' })
  assert.equal(JSON.parse(metadata).SchemaVersion, '0.1.0')
  const version = execFileSync(plugin, ['--context', 'x', 'locket', '--version'], { encoding: 'utf8' })
  assert.equal(version, execFileSync(join(dest, 'opt/tools/bin/locket'), ['--version'], { encoding: 'utf8' }))
})

test('the unit is ready before the engine, and has no mounts of its own', () => {
  const text = readFileSync(unit, 'utf8').replaceAll(/^#.*$/gm, '')
  assert.match(text, /^Before=docker\.service$/m)
  assert.match(text, /^Type=notify$/m)
  for (const order of ['Wants', 'After'])
    assert.match(text, new RegExp(`^${order}=network-online\\.target$`, 'm'))
  assert.doesNotMatch(
    text,
    /Private|Protect|ReadWritePaths|ReadOnlyPaths|InaccessiblePaths|TemporaryFileSystem|DynamicUser/,
  )
})

test('the unit of the broker starts it with the same configuration, and may write to its state', () => {
  const text = readFileSync(serveUnit, 'utf8').replaceAll(/^#.*$/gm, '')
  assert.match(text, /^ExecStart=\/opt\/tools\/bin\/locket serve --config \/etc\/locket\/locket\.toml$/m)
  for (const line of ['Type=notify', 'StateDirectory=locket/broker', 'ProtectSystem=strict', 'LimitCORE=0'])
    assert.ok(text.includes(`\n${line}\n`), line)
  const [, start = ''] = /^ExecStart=\/opt\/tools\/(\S+)/m.exec(text) ?? []
  const help = execFileSync(join(dest, 'opt/tools', start), ['serve', '--help'], { encoding: 'utf8' })
  assert.match(help, /locket serve/)
})

test('a second install keeps the configuration', () => {
  writeFileSync(config, '# mine\n')
  install('install')
  assert.equal(readFileSync(config, 'utf8'), '# mine\n')
})

test('uninstall is refused while a volume is mounted, and names it', () => {
  const volume = join(dest, 'var/lib/locket/volumes/db')
  mkdirSync(volume, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'locket', volume])
  try {
    const { status, stderr } = spawnSync(join(root, 'plugin/install.sh'), ['uninstall', dest, '/opt/tools'], {
      encoding: 'utf8',
    })
    assert.equal(status, 1)
    assert.match(stderr, /^not uninstalled: these volumes are mounted/)
    assert.ok(stderr.includes(`\n  ${volume}\n`), stderr)
    assert.match(stderr, /docker volume rm/)
    assert.ok(existsSync(join(dest, 'opt/tools/bin/locket')) && existsSync(unit))
  } finally {
    execFileSync('umount', [volume])
  }
})

test('make push without a registry says how to name one, and builds nothing', () => {
  const { REGISTRY: _registry, ...env } = process.env
  const { status, stdout, stderr } = spawnSync('make', ['-s', 'push'], { cwd: root, env, encoding: 'utf8' })
  assert.equal(status, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /^no registry is named: make push REGISTRY=host:port \[NAME=locket\]\n/)
})

test('uninstall leaves the plugins of others', () => {
  const other = join(dest, 'opt/tools/lib/docker/cli-plugins/docker-other')
  writeFileSync(other, '')
  install('uninstall')
  assert.ok(existsSync(other))
  rmSync(other)
  install('install')
})

test('install and uninstall refuse a file of somebody else by its name, and change nothing', () => {
  const paths = [
    'opt/tools/bin/locket',
    'opt/tools/lib/locket',
    'opt/tools/lib/docker/cli-plugins/docker-locket',
    'etc/systemd/system/locket.service',
    'etc/systemd/system/locket-serve.service',
  ]
  for (const path of paths) {
    const [own, aside] = [join(dest, path), join(dest, 'aside')]
    renameSync(own, aside)
    writeFileSync(own, 'of somebody else')
    for (const [action, says] of [
      ['install', 'not installed'],
      ['uninstall', 'not uninstalled'],
    ] as const) {
      const words = [action, dest, '/opt/tools']
      const { status, stderr } = spawnSync(join(root, 'plugin/install.sh'), words, { encoding: 'utf8' })
      assert.equal(status, 1, `${action} ${path}`)
      assert.equal(
        stderr,
        `${says}: ${own} is not of this installation: move it away, or name another PREFIX; nothing was changed\n`,
      )
      assert.equal(readFileSync(own, 'utf8'), 'of somebody else')
    }
    rmSync(own)
    renameSync(aside, own)
  }
  assert.match(execFileSync(join(dest, 'opt/tools/bin/locket'), ['--version'], { encoding: 'utf8' }), /\d/)
})

test('uninstall takes the program and the units, and leaves what holds secrets', () => {
  install('uninstall')
  for (const path of ['opt/tools/bin/locket', 'opt/tools/lib/locket', 'opt/tools/lib/docker'])
    assert.ok(!existsSync(join(dest, path)), path)
  for (const one of [unit, serveUnit]) assert.ok(!existsSync(one), one)
  assert.equal(readFileSync(config, 'utf8'), '# mine\n')
})
