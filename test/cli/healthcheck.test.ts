import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { MAIN } from '../support/program.ts'

function healthcheck(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'healthcheck', ...args], {
    encoding: 'utf8',
    env,
  })
  return [status, stdout, stderr]
}

const GOOD = 'every secret is in place\n'

test('the status file is named by the flag, else the variable, else it is /dev/shm/locket/ready', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'ready')
  await writeFile(path, '[]')
  const env = { LOCKET_STATUS_FILE: path }
  assert.deepEqual(healthcheck([], env), [0, GOOD, ''])
  assert.deepEqual(healthcheck(['--status-file', path]), [0, GOOD, ''])
  assert.deepEqual(healthcheck([`--status-file=${path}`], { LOCKET_STATUS_FILE: '/nowhere' }), [0, GOOD, ''])
  const missing = 'not every secret is in place: there is no '
  assert.deepEqual(healthcheck(['--status-file', '/nowhere'], env), [1, `${missing}/nowhere\n`, ''])
  const said = `${missing}/dev/shm/locket/ready\n`
  assert.deepEqual(healthcheck([], { LOCKET_STATUS_FILE: '' }), [1, said, ''])
})

test('a written file that is gone is not in place; a foreign status file only has to exist', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'ready')
  const secret = join(folder, 'secret')
  await writeFile(path, JSON.stringify([secret]))
  const gone = `not every secret is in place: ${secret} is gone\n`
  assert.deepEqual(healthcheck(['--status-file', path]), [1, gone, ''])
  await writeFile(secret, 'x')
  assert.deepEqual(healthcheck(['--status-file', path]), [0, GOOD, ''])
  for (const text of ['', 'ready', '{"a":1}', '[1]']) {
    await writeFile(path, text)
    assert.deepEqual(healthcheck(['--status-file', path]), [0, GOOD, ''], text)
  }
  await mkdir(join(folder, 'folder'))
  assert.deepEqual(healthcheck(['--status-file', join(folder, 'folder')]), [
    1,
    `cannot read ${folder}/folder: it is a folder\n`,
    '',
  ])
})

test('--hold delays the answer only when the secrets have been in place for that long', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'ready')
  const timed = () => {
    const start = performance.now()
    const [status, stdout] = healthcheck(['--status-file', path, '--hold=3'])
    return { status, stdout, isHeld: performance.now() - start >= 3000 }
  }
  assert.deepEqual(timed(), {
    status: 1,
    stdout: `not every secret is in place: there is no ${path}\n`,
    isHeld: false,
  })
  await writeFile(path, '[]')
  assert.deepEqual(timed(), { status: 0, stdout: GOOD, isHeld: false })
  await utimes(path, 0, Date.now() / 1000 - 4)
  assert.deepEqual(timed(), { status: 0, stdout: GOOD, isHeld: true })
  await utimes(path, 0, Date.now() / 1000 - 100)
  const later = spawn(process.execPath, [MAIN, 'healthcheck', '--status-file', path, '--hold', '60'], {
    env: {},
  })
  let said = ''
  later.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  t.after(() => later.kill('SIGKILL'))
  await setTimeout(1500)
  await rm(path)
  later.kill('SIGTERM')
  assert.deepEqual(await once(later, 'close'), [1, null])
  assert.equal(said, `not every secret is in place: there is no ${path}\n`)
  for (const hold of ['61', '-1', '1.5', '4s', ''])
    assert.match(
      String(healthcheck([`--hold=${hold}`])[2]),
      /--hold must be a whole number of seconds, at most 60/,
    )
})

test('any other flag is refused', () => {
  for (const args of [['--statusfile=/x'], ['x'], ['--config', '/x']]) {
    const [status, stdout, stderr] = healthcheck(args)
    assert.deepEqual([status, stdout], [64, ''])
    assert.match(
      String(stderr),
      /^locket: healthcheck takes --status-file PATH, --hold SECONDS and nothing more \(/,
    )
  }
  assert.match(String(healthcheck(['--status-file=x'])[2]), /--status-file must be an absolute path/)
  assert.match(String(healthcheck(['--status-file'])[2]), /--status-file must be an absolute path/)
})

test('it loads no option parser, no schemas, no provider and no host code', () => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    const { run } = await import(${JSON.stringify(MAIN.replace('main.ts', 'run.ts'))})
    await run({ path: 'locket', argv: ['healthcheck', '--status-file=/nowhere'], env: {} })
    process.stderr.write(JSON.stringify(loaded))`
  const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  const loaded: string[] = JSON.parse(ran.stderr)
  assert.ok(loaded.some((url) => url.endsWith('/src/cli/healthcheck.ts')))
  const others = loaded.filter(
    (url) =>
      !/\/src\/(run|cli\/(index|healthcheck|sidecar|terminal\/error-lines)|core\/vocabulary\/(errors|error-facts|system-errors|version))\.ts$/.test(
        url,
      ),
  )
  const packages = others.filter((url) => !url.startsWith('node:') && !url.includes('/fastest-levenshtein/'))
  assert.deepEqual(packages, [])
})
