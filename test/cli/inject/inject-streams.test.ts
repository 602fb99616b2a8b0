import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { injectWorld, VALUES } from './inject-command.ts'

const { user, password } = VALUES

test('standard input is rendered to standard output, byte for byte, and the log is apart', async (t) => {
  const { pipe } = await injectWorld(t)
  const odd = Uint8Array.from({ length: 3000 }, (_, n) => (n * 7919) % 256)
  const input = Buffer.concat([odd, Buffer.from('{{ op://v/i/user }}\n'), odd])
  const { code, stdout, stderr } = await pipe(['--map=-:-'], input)
  assert.equal(code, 0, stderr)
  assert.deepEqual(stdout, Buffer.concat([odd, Buffer.from(`${user}\n`), odd]))
  assert.match(stderr, /^\S+ INFO inject\.printed [^\n]*\n$/)
  const silent = await pipe(['--map=-:-'], '')
  assert.deepEqual([silent.code, silent.stdout.length], [0, 0])
})

test('a file goes to standard output, standard input to a file, and other files beside them', async (t) => {
  const { put, pipe, text } = await injectWorld(t)
  await put('tpl/app.conf', 'user={{ op://v/i/user }}')
  await put('one', '1 {{ op://v/i/password }}')
  const printed = await pipe(['--map=one:-', '--map=tpl:out'], 'not read')
  assert.deepEqual([printed.code, String(printed.stdout)], [0, `1 ${password}`], printed.stderr)
  assert.match(printed.stderr, /inject\.printed .*\n.*inject\.written .* files=1 changed=1 /)
  assert.equal(await text('out/app.conf'), `user=${user}`)
  const written = await pipe(['--map=-:deep/x.conf'], 'P={{ op://v/i/password }}')
  assert.deepEqual([written.code, written.stdout.length], [0, 0], written.stderr)
  assert.equal(await text('deep/x.conf'), `P=${password}`)
})

test('after any error standard output is empty and no file is written', async (t) => {
  const { put, at, pipe } = await injectWorld(t)
  await put('good', '{{ op://v/i/user }}')
  const cases: [string, string[], number, RegExp][] = [
    ['{{ op://v/i/user }}{{ op://v/i/gone }}', [], 66, /^locket: op:\/\/v\/i\/gone/],
    ['{{ op://only/two }}', [], 65, /^locket: flag --map -: line 1, column 1: op:\/\/only\/two/],
    ['x'.repeat(5000), ['--max-file-size=4K'], 74, /flag --map -: standard input is larger than 4096 bytes/],
    ['{{ op://v/i/user }}', ['--map=none:out/x'], 74, /the template [^ ]*none does not exist/],
    ['{{ op://v/i/user }}', ['--map=good:token/x'], 74, /token\/x: a part of the path is not a folder/],
  ]
  for (const [input, more, exit, reason] of cases) {
    const { code, stdout, stderr } = await pipe(['--map=-:-', '--map=good:out/good', ...more], input)
    assert.match(stderr, reason)
    assert.deepEqual([code, stdout.length, existsSync(at('out'))], [exit, 0, false], stderr)
  }
  await put('folder/a', 'x')
  const folder = await pipe(['--map=folder:-'], '')
  assert.deepEqual([folder.code, folder.stdout.length], [64, 0])
  assert.match(folder.stderr, /folder: a folder cannot be written to standard output\n$/)
})

test('a folder as standard input is an error, and replaces nothing', async (t) => {
  const { at, put, shell, text } = await injectWorld(t)
  await put('kept', 'keep')
  const { code, stderr } = await shell(`$LOCKET --map=-:${at('kept')} < /`)
  assert.deepEqual([code, await text('kept')], [74, 'keep'])
  assert.match(stderr, /standard input is a folder \(give it a file or a pipe\)/)
})

test('what is used once is refused where it would be needed again, or belongs to another', async (t) => {
  const { at, pipe, server, shell } = await injectWorld(t)
  for (const mode of ['watch', 'park']) {
    for (const map of ['-:out', 'token:-']) {
      const { code, stderr } = await pipe([`--map=${map}`, '--mode', mode], '')
      assert.equal(code, 78)
      assert.match(stderr, new RegExp(`^locket: flag --map .* mode ${mode} stays and takes files \\(`))
    }
  }
  const exec = await shell('${LOCKET% inject} exec --map=-:out -- echo started')
  assert.deepEqual([exec.code, String(exec.stdout)], [78, ''])
  assert.match(
    exec.stderr,
    /- is standard input or output, which belong to the command that locket exec runs/,
  )
  assert.deepEqual([existsSync(at('out')), server.requests], [false, []])
})

test('a terminal gets nothing unless --show is given', async (t) => {
  const { put, at, shell, server } = await injectWorld(t)
  await put('one', '{{ op://v/i/user }}')
  const refused = await shell(`script -qec "$LOCKET --map=one:- --map=one:out" /dev/null`)
  assert.equal(refused.code, 64)
  const told =
    /secrets are not printed to a terminal \(--show prints them anyway, --map SRC:FILE writes a file\)/
  assert.match(String(refused.stdout), told)
  assert.deepEqual([existsSync(at('out')), server.requests], [false, []])
  const shown = await shell(`script -qec "$LOCKET --log-level=error --show --map=one:-" /dev/null`)
  assert.deepEqual([shown.code, String(shown.stdout)], [0, `${user}\r\n`])
})

test('a reader that goes away ends the command well; a full disk does not', async (t) => {
  const { put, shell } = await injectWorld(t)
  await put('large', `{{ op://v/i/user }}${'x'.repeat(2_000_000)}`)
  const left = await shell(`$LOCKET --map=large:- | head -c ${user.length}; exit \${PIPESTATUS[0]}`)
  assert.deepEqual([left.code, String(left.stdout)], [0, user], left.stderr)
  const full = await shell('$LOCKET --map=large:- > /dev/full')
  assert.deepEqual([full.code, full.stderr], [74, 'locket: cannot write standard output: the disk is full\n'])
})

test('a signal ends the wait for standard input', async (t) => {
  const { start, folder } = await injectWorld(t)
  const before = readdirSync(folder)
  const waiting = start(['--map=-:out/x', '--secret=a=b', '--out', folder])
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const { code, stderr } = await waiting.stop()
  assert.equal(code, 75)
  assert.match(stderr, /locket: stopped by SIGTERM\n$/)
  assert.deepEqual(readdirSync(folder), before)
})
