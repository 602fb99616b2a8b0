import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { secretCommand } from './secret-command.ts'

const CANARY = 'canary-77aa-value'

test('what is stored comes out byte for byte, from standard input and from a file', async (t) => {
  const { dir, secret } = await secretCommand(t)
  const bytes = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256))
  await writeFile(join(dir, 'binary'), bytes)
  const first = await secret(['set', 'a/b c', '--stdin'], bytes)
  assert.equal(first.code, 0, first.stderr)
  assert.match(
    first.stderr,
    /^made .*local\.key\nmade .*secrets\.age\n.*\nstored local:\/\/a\/b c \(1024 bytes\)\n$/,
  )
  const second = await secret(['set', 'a/b%20c', '--file', join(dir, 'binary')])
  assert.equal(second.stderr, 'replaced local://a/b c (1024 bytes)\n')
  for (const name of ['a/b c', 'local://a/b%20c']) {
    const got = await secret(['get', name])
    assert.deepEqual([got.code, got.stderr], [0, ''])
    assert.ok(got.stdout.equals(bytes))
  }
})

test('a newline at the end is stored and reported, or trimmed on request', async (t) => {
  const { secret } = await secretCommand(t)
  const told = await secret(['set', 'a', '--stdin'], `${CANARY}\n`)
  assert.match(told.stderr, /ends with a newline/)
  assert.equal((await secret(['get', 'a'])).stdout.toString(), `${CANARY}\n`)
  const windows = await secret(['set', 'a', '--stdin'], `${CANARY}\r\n`)
  assert.match(windows.stderr, /ends with a newline/)
  const blank = await secret(['set', 'a', '--stdin'], `${CANARY}\n\n`)
  assert.doesNotMatch(blank.stderr, /newline/)
  const trimmed = await secret(['set', 'a', '--stdin', '--trim'], `${CANARY}\n`)
  assert.doesNotMatch(trimmed.stderr, /newline/)
  assert.equal((await secret(['get', 'a'])).stdout.toString(), CANARY)
  const lines = await secret(['set', 'a', '--stdin'], 'one\ntwo\n')
  assert.doesNotMatch(lines.stderr, /newline/)
  assert.equal((await secret(['set', 'empty', '--stdin'], '')).code, 0)
  assert.equal((await secret(['get', 'empty'])).stdout.length, 0)
})

test('list tells names, sizes and dates, never a value', async (t) => {
  const { secret, file } = await secretCommand(t)
  const empty = await secret(['list'])
  assert.deepEqual([empty.code, empty.stdout.length, empty.stderr], [0, 0, `no secrets in ${file} yet\n`])
  await secret(['set', 'b/long', '--stdin'], CANARY)
  await secret(['set', 'a', '--stdin'], '1')
  const listed = (await secret(['list'])).stdout.toString()
  assert.match(
    listed,
    /^NAME {4}BYTES {2}SET\na {11}1 {2}\d{4}-\d\d-\d\d \d\d:\d\d\nb\/long {5}17 {2}\S+ \S+\n$/,
  )
  assert.equal((await secret(['list', '--names'])).stdout.toString(), 'a\nb/long\n')
})

test('a .env file is imported below a prefix, whole or not at all', async (t) => {
  const { dir, secret } = await secretCommand(t)
  await writeFile(join(dir, '.env'), `# comment\nUSER=admin\nexport PASS="${CANARY} x"\nUSER=root\n`)
  const done = await secret(['import', join(dir, '.env'), '--prefix', 'app/'])
  assert.equal(done.code, 0, done.stderr)
  assert.match(done.stderr, /imported 2 secrets \(0 replaced\)\n$/)
  assert.equal((await secret(['get', 'app/PASS'])).stdout.toString(), `${CANARY} x`)
  assert.equal((await secret(['get', 'app/USER'])).stdout.toString(), 'root')
  await writeFile(join(dir, 'bad.env'), `NEW=1\nBAD="${CANARY}\n`)
  const failed = await secret(['import', join(dir, 'bad.env')])
  assert.notEqual(failed.code, 0)
  assert.match(failed.stderr, /bad\.env/)
  assert.ok(!failed.stderr.includes(CANARY))
  assert.equal((await secret(['list', '--names'])).stdout.toString(), 'app/PASS\napp/USER\n')
})

test('rm removes all it was given or nothing', async (t) => {
  const { secret } = await secretCommand(t)
  for (const name of ['a', 'b', 'c']) await secret(['set', name, '--stdin'], CANARY)
  const failed = await secret(['rm', 'a', 'd'])
  assert.equal(failed.code, 66)
  assert.equal((await secret(['rm', 'a', 'b'])).stderr, 'removed local://a\nremoved local://b\n')
  assert.equal((await secret(['list', '--names'])).stdout.toString(), 'c\n')
})

test('rotate-key changes the key file, and everything still opens', async (t) => {
  const { secret, key } = await secretCommand(t)
  await secret(['set', 'a', '--stdin'], CANARY)
  const old = await readFile(key, 'utf8')
  assert.equal((await secret(['rotate-key'])).code, 0)
  assert.notEqual(await readFile(key, 'utf8'), old)
  assert.equal((await secret(['get', 'a'])).stdout.toString(), CANARY)
})

test('twenty processes store at once, and nothing is lost', { timeout: 120_000 }, async (t) => {
  const { secret, file } = await secretCommand(t)
  const names = Array.from({ length: 20 }, (_, index) => `at/once-${String(index).padStart(2, '0')}`)
  const runs = await Promise.all(names.map((name) => secret(['set', name, '--stdin'], `${CANARY}-${name}`)))
  assert.deepEqual(
    runs.filter(({ code }) => code !== 0).map(({ stderr }) => stderr),
    [],
  )
  assert.equal(runs.filter(({ stderr }) => stderr.includes('made ')).length, 1)
  assert.equal((await secret(['list', '--names'])).stdout.toString(), `${names.join('\n')}\n`)
  for (const name of names.slice(0, 2)) {
    assert.equal((await secret(['get', name])).stdout.toString(), `${CANARY}-${name}`)
  }
  const left = (await readdir(join(file, '..'))).toSorted()
  assert.deepEqual(left, ['local.key', 'local.key.lock', 'secrets.age', 'secrets.age.lock'])
})

test('mistakes end with their own code and one line that says what to do', async (t) => {
  const { secret, dir, file } = await secretCommand(t)
  const cases: [readonly string[], number, RegExp][] = [
    [['get', 'a'], 69, /local\.key is not there .*`locket secret set` makes it/],
    [['set', 'a', CANARY], 64, /takes PATH and nothing more/],
    [['set'], 64, /PATH is missing/],
    [['set', '../a', '--stdin'], 65, /expected local:\/\/path\/to\/name/],
    [['set', 'a'], 64, /--stdin or --file FILE/],
    [['set', 'a', '--stdin', '--file', 'x'], 64, /not both/],
    [['set', 'a', '--file', '/nowhere/at/all'], 74, /cannot read \/nowhere\/at\/all: it does not exist/],
    [
      ['set', 'a', '--stdin', '--local-file', '/sys/kernel/x/s.age'],
      74,
      /cannot write \/sys\/kernel\/x\/s\.age: this user may not/,
    ],
    [['set', 'a', '--stdin', '--local-key', file], 78, /name one file/],
    [['rm'], 64, /PATH is missing/],
    [['improt', 'x'], 64, /did you mean import\?/],
    [['import', join(dir, 'none.env')], 74, /none\.env: it does not exist/],
    [[], 64, /takes one of set, get, list, rm, import, copy, rotate-key/],
  ]
  for (const [args, code, text] of cases) {
    const run = await secret(args, CANARY)
    assert.equal(run.code, code, `${args.join(' ')}: ${run.stderr}`)
    assert.match(run.stderr, text)
    assert.ok(!run.stderr.includes(CANARY) && !/\n./.test(run.stderr), run.stderr)
  }
  assert.deepEqual(await readdir(dir), [])
})

test('a user who is not root keeps his secrets in his own folder', async (t) => {
  const { dir } = await secretCommand(t)
  await chmod(dir, 0o777)
  // The project can be in a folder of root: this user sees it elsewhere, in a separate mount namespace.
  const project = resolve(import.meta.dirname, '../../..')
  const node = relative(project, process.execPath)
  const script =
    'mount --bind "$1" "$2" && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$2/$3" "$2/src/main.ts" secret set a --stdin'
  const seen = join(dir, 'project')
  await mkdir(seen)
  execFileSync('unshare', ['-m', 'sh', '-c', script, 'sh', project, seen, node], {
    env: { PATH: process.env['PATH'] ?? '', HOME: dir },
    input: CANARY,
    stdio: 'pipe',
  })
  const made = (await readdir(join(dir, '.config/locket'))).filter((name) => !name.endsWith('.lock'))
  assert.deepEqual(made.toSorted(), ['local.key', 'secrets.age'])
})
