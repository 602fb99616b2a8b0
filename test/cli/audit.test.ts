import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { startDaemon, type Daemon } from '../support/daemon.ts'
import { MAIN } from '../support/program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const VALUE = 'canary-audit-3e71'

/** Runs `locket`. */
function locket(args: readonly string[], env: Readonly<Record<string, string>> = {}, input = '') {
  const { PATH = '' } = process.env
  const ran = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', env: { PATH, ...env }, input })
  return { code: ran.status, out: ran.stdout, err: ran.stderr }
}

interface Started {
  readonly daemon: Daemon
  readonly log: string
  readonly options: Parameters<typeof startDaemon>[0]
}

/** A daemon with an audit log and the volume `v`. */
async function audited(t: TestContext): Promise<Started> {
  const folder = await temporaryFolder(t)
  const log = join(folder, 'audit.log')
  const where = {
    LOCKET_LOCAL_FILE: join(folder, 'secrets.age'),
    LOCKET_LOCAL_KEY: join(folder, 'local.key'),
  }
  assert.equal(locket(['secret', 'set', 'a', '--stdin'], where, VALUE).code, 0)
  const options = { folder, args: ['--audit-log', log] }
  const daemon = await startDaemon(options)
  t.after(() => daemon.stop())
  await daemon.call('VolumeDriver.Create', {
    Name: 'v',
    Opts: { 'secret.a': '{{ local://a }}', 'allow-swap': 'true' },
  })
  return { daemon, log, options }
}

async function mountOnce(daemon: Daemon, ID: string): Promise<void> {
  const mounted = await daemon.call('VolumeDriver.Mount', { Name: 'v', ID })
  assert.equal(mounted.Err, '')
  await daemon.call('VolumeDriver.Unmount', { Name: 'v', ID })
}

test('the log of a daemon is whole, also after a SIGKILL, and shows who got which secret', async (t) => {
  const { daemon, log, options } = await audited(t)
  await mountOnce(daemon, 'one')
  await daemon.stop('SIGKILL')
  await writeFile(log, `${await readFile(log, 'utf8')}{"time":"20`)
  const next = await startDaemon(options)
  await mountOnce(next, 'two')
  assert.equal(await next.stop(), 0)
  const checked = locket(['audit', 'verify', '--audit-log', log])
  assert.equal(checked.code, 0, checked.out)
  assert.match(checked.out, /^the chain is whole: 8 lines in 1 file\nlast hash: [0-9a-f]{64}\n$/)
  assert.match(
    checked.err,
    /^note: .*:4: after a crash, 11 bytes of a line that was not complete were removed\n$/,
  )

  const shown = locket(['audit', 'show'], { LOCKET_AUDIT_LOG: log })
  const actions = shown.out.split('\n').map((line) => line.slice(21).split(' ')[0])
  assert.deepEqual(
    actions,
    ['ACTION', 'start', 'mount', 'unmount', 'repaired', 'start', 'mount', 'unmount', 'stop', undefined].map(
      (word) => word ?? '',
    ),
  )
  assert.match(shown.out, /mount +v +one +local +local:\/\/a +ok +[\w-]{10}\n/)
  const one = locket(['audit', 'show', log, '--reference', 'local://', '--volume', 'v', '--format', 'json'])
  assert.deepEqual(
    one.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).mountId),
    ['one', 'two'],
  )
  assert.equal(locket(['audit', 'show', log, '--volume', 'other', '--format', 'json']).out, '')
  assert.equal(locket(['audit', 'show', log, '--until', '1h', '--format', 'json']).out, '')
  assert.equal(locket(['audit', 'show', log, '--since', '1h', '--format', 'json']).out.split('\n').length, 9)
  assertNoSecret(await readFile(log), [VALUE])
})

test('verify names what was changed, and a hash that is gone', async (t) => {
  const { daemon, log } = await audited(t)
  await mountOnce(daemon, 'one')
  await mountOnce(daemon, 'two')
  await daemon.stop()
  const text = await readFile(log, 'utf8')
  const [, hash = ''] = /last hash: (\w+)/.exec(locket(['audit', 'verify', log]).out) ?? []
  assert.equal(locket(['audit', 'verify', log, '--expect', hash]).code, 0)
  await writeFile(log, text.replace('"mountId":"one"', '"mountId":"xxx"'))
  const changed = locket(['audit', 'verify', log])
  assert.deepEqual([changed.code, changed.out.match(/:\d/g)], [65, [':3']])
  await writeFile(log, text.split('\n').slice(0, 3).join('\n') + '\n')
  assert.equal(locket(['audit', 'verify', log]).code, 0)
  const cut = locket(['audit', 'verify', log, '--expect', hash])
  assert.deepEqual([cut.code, cut.out.includes('the end of the log is gone')], [65, true])
})

test('mistakes on the command line are named', () => {
  assert.match(locket(['audit']).err, /audit takes one of verify, show, export, head/)
  assert.match(locket(['audit', 'verfy']).err, /did you mean verify\?/)
  assert.match(locket(['audit', 'verify']).err, /audit-log is off \(name the files, or set --audit-log\)/)
  assert.match(locket(['audit', 'show', '--since', 'monday']).err, /--since.*must be a time like/)
  assert.match(locket(['audit', 'verify', '/nowhere/audit.log']).err, /cannot read \/nowhere\/audit\.log/)
  assert.match(locket(['audit', 'show', '--audit-log', '/nowhere/a']).err, /there is no \/nowhere\/a/)
})
