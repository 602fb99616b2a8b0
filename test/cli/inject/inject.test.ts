import assert from 'node:assert/strict'
import { existsSync, lstatSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { test } from 'node:test'
import { injectWorld, VALUES } from './inject-command.ts'

const { user, password } = VALUES

test('a folder, a file and named secrets, each at its place, and a status file that names them', async (t) => {
  const { put, at, text, inject, health } = await injectWorld(t)
  await put('tpl/app.conf', 'user={{ op://v/i/user }}\n')
  await put('tpl/deep/db.env', 'P={{ op://v/i/password }}\n')
  await put('one.tpl', '{{op://v/i/user}}:{{op://v/i/password}}')
  await put('named', 'op://v/i/password\n')
  const ran = await inject([
    '--map=tpl:out',
    `--map=${at('one.tpl')}=out/one`,
    '--secret=db/pass={{ op://v/i/password }}',
    `--secret=${at('named')}`,
    `--out=${at('secrets')}`,
    `--status-file=${at('ready')}`,
  ])
  assert.equal(ran.code, 0, ran.stderr)
  assert.equal(await text('out/app.conf'), `user=${user}\n`)
  assert.equal(await text('out/deep/db.env'), `P=${password}\n`)
  assert.equal(await text('out/one'), `${user}:${password}`)
  assert.equal(await text('secrets/db/pass'), password)
  assert.equal(await text('secrets/named'), password)
  const { mode } = lstatSync(at('secrets/db/pass'))
  assert.deepEqual([mode & 0o777, lstatSync(at('secrets/db')).mode & 0o777], [0o600, 0o700])
  assert.deepEqual(await health(), { code: 0, stdout: 'every secret is in place\n', stderr: '' })
})

test('F3: all files together are one batch, and a reference used many times is fetched once', async (t) => {
  const { put, inject, server } = await injectWorld(t)
  for (let n = 0; n < 20; n += 1) await put(`tpl/${n}`, '{{ op://v/i/user }} {{ op://v/i/password }}')
  const ran = await inject(['--map=tpl:out'])
  assert.equal(ran.code, 0, ran.stderr)
  // The vault's id, the item's, and the item with both fields.
  assert.equal(server.requests.length, 3, server.requests.join(', '))
})

test('F1, F4: a missing secret is an error that names it, and no file is written', async (t) => {
  const { put, at, inject, health } = await injectWorld(t)
  await put('tpl/good', '{{ op://v/i/user }}')
  await put('tpl/bad', '{{ op://v/i/nothing }} {{ op://v/gone/x }}')
  const ran = await inject(['--map=tpl:out', `--status-file=${at('ready')}`])
  assert.equal(ran.code, 66)
  assert.match(
    ran.stderr,
    /^locket: 2 errors:\n {2}op:\/\/v\/i\/nothing[^\n]*\n {2}op:\/\/v\/gone\/x[^\n]*\n$/,
  )
  assert.equal(existsSync(at('out')), false)
  const { code, stdout } = await health()
  assert.deepEqual([code, stdout], [1, `not every secret is in place: there is no ${at('ready')}\n`])
})

test('F1, F11: passthrough and ignore say what they left unresolved, and health stays bad', async (t) => {
  const { put, at, text, inject, health } = await injectWorld(t)
  await put('tpl/good', '{{ op://v/i/user }}')
  await put('tpl/bad', 'x={{ op://v/i/nothing }}')
  for (const policy of ['passthrough', 'ignore']) {
    await put('ready', '')
    const out = `out-${policy}`
    const args = [`--map=tpl:${out}`, `--status-file=${at('ready')}`, `--inject-failure-policy=${policy}`]
    const ran = await inject(args)
    assert.equal(ran.code, 0, ran.stderr)
    assert.match(ran.stderr, new RegExp(`WARN inject.unresolved .*policy=${policy} .*op://v/i/nothing`))
    assert.equal(await text(`${out}/good`), user)
    if (policy === 'ignore') assert.equal(existsSync(at(`${out}/bad`)), false)
    else assert.equal(await text(`${out}/bad`), 'x={{ op://v/i/nothing }}')
    assert.equal((await health()).code, 1)
  }
})

test('F2: tags of others, empty and unclosed ones included, leave every later reference alone', async (t) => {
  const { put, text, inject } = await injectWorld(t)
  const others = '{{}} {{ }} {% x %} {{ .Values.x }} {{ open\n'
  await put('tpl/a', `${others}{{ op://v/i/user }} {{ jinja }} {{op://v/i/password}}`)
  const ran = await inject(['--map=tpl:out'])
  assert.equal(ran.code, 0, ran.stderr)
  assert.equal(await text('out/a'), `${others}${user} {{ jinja }} ${password}`)
})

test('F6: templates behind links are written as files of their own', async (t) => {
  const { put, at, text, inject } = await injectWorld(t)
  await put('tpl/..v1/app.conf', '{{ op://v/i/user }}')
  await symlink('..v1', at('tpl/..data'))
  await symlink('..data/app.conf', at('tpl/app.conf'))
  assert.equal((await inject(['--map=tpl:out'])).code, 0)
  assert.equal(await text('out/app.conf'), user)
  assert.equal(lstatSync(at('out/app.conf')).isFile(), true)
  assert.deepEqual(await readdir(at('out')), ['app.conf'])
  await symlink('../token', at('tpl/token'))
  const ran = await inject(['--map=tpl:out'])
  assert.equal(ran.code, 77)
  assert.match(ran.stderr, /tpl\/token is a link that leads out of its source folder/)
})

test('F7: a name keeps its folders, and one that leaves the output folder is refused', async (t) => {
  const { at, text, inject } = await injectWorld(t)
  const out = `--out=${at('out')}`
  assert.equal((await inject([out, '--secret=A/B/C={{ op://v/i/user }}'])).code, 0)
  assert.equal(await text('out/A/B/C'), user)
  for (const name of ['..', '../x', '.']) {
    const ran = await inject([out, `--secret=${name}=x`])
    assert.equal(ran.code, 64, name)
    assert.match(ran.stderr, /must not hold/)
  }
})

test('F8: bytes that are no text pass through, and what is too large or no file is refused', async (t) => {
  const { put, at, inject } = await injectWorld(t)
  const bytes = Uint8Array.from({ length: 5000 }, (_, n) => (n * 7919) % 256)
  await put('tpl/keystore', bytes)
  await put('tpl/mixed', Buffer.concat([bytes, Buffer.from('{{ op://v/i/user }}'), bytes]))
  assert.equal((await inject(['--map=tpl:out'])).code, 0)
  assert.deepEqual(await readFile(at('out/keystore')), Buffer.from(bytes))
  assert.deepEqual(await readFile(at('out/mixed')), Buffer.concat([bytes, Buffer.from(user), bytes]))
  const large = await inject(['--map=tpl:other', '--max-file-size=4K'])
  assert.equal(large.code, 74)
  assert.match(large.stderr, /tpl\/keystore is larger than 4096 bytes/)
  const inline = await inject([
    '--secret',
    `a=${'x'.repeat(5000)}`,
    `--out=${at('other')}`,
    '--max-file-size=4K',
  ])
  assert.match(inline.stderr, /the template has 5000 bytes, max-file-size is 4096/)
  assert.match(
    (await inject(['--map=/dev/zero:other/z'])).stderr,
    /\/dev\/zero is neither a file nor a folder/,
  )
})

test('refused before anything is read, fetched or written', async (t) => {
  const { put, at, inject, server } = await injectWorld(t)
  await put('tpl/a', '{{ op://v/i/user }}')
  await put('ready', '')
  const cases: [string[], number, RegExp][] = [
    [['--map=tpl:tpl/out'], 64, /lies inside the source/],
    [['--map=gone/t:gone'], 64, /has the source .* inside it/],
    [
      ['--map=tpl:out', '--secret=a=x', `--out=${at('out')}`],
      64,
      /comes from .*tpl\/a and from flag --secret a/,
    ],
    [['--secret=a=x', '--secret=a/b=y', `--out=${at('out')}`], 64, /a file, .* needs it as a folder/],
    [['--map=gone:out'], 74, /the template .*gone does not exist/],
    [[], 64, /nothing to write \(give --map or --secret\)/],
    [['--map=tpl:out', '--wipe-on-exit'], 78, /wipe-on-exit would at once remove the files/],
    [['--map=tpl'], 78, /flag --map: write SRC:DST/],
    [['--map=tpl:out', 'extra'], 64, /takes only flags/],
  ]
  for (const [args, code, message] of cases) {
    const ran = await inject(args)
    assert.match(ran.stderr, message)
    assert.equal(ran.code, code, ran.stderr)
  }
  assert.equal(server.requests.length, 0)
  assert.equal(existsSync(at('out')), false)
})

test('an output that a link leads into a source is refused too', async (t) => {
  const { put, at, inject } = await injectWorld(t)
  await put('tpl/a', 'x')
  await symlink('tpl', at('link'))
  const ran = await inject(['--map=tpl:link/out'])
  assert.equal(ran.code, 64)
  assert.match(ran.stderr, /lies inside the source/)
  assert.deepEqual(await readdir(at('tpl')), ['a'])
})

test('a user who is not root writes where it is allowed, and gets an error elsewhere', async (t) => {
  const { put, at, folder, inject } = await injectWorld(t)
  await chmod(folder, 0o755)
  await put('tpl/a', '{{ op://v/i/user }}')
  await mkdir(at('mine'))
  await chmod(at('mine'), 0o1777)
  const ran = await inject(['--map=tpl:mine/x'], { uid: 1000 })
  assert.equal(ran.code, 0, ran.stderr)
  assert.deepEqual([lstatSync(at('mine/x/a')).uid, lstatSync(at('mine/x')).mode & 0o777], [1000, 0o700])
  const refused = await inject(['--map=tpl:theirs/x'], { uid: 1000 })
  assert.equal(refused.code, 74)
  assert.match(refused.stderr, /cannot write .*theirs\/x\/a: this user may not write there\n$/)
})

test('single files and maps have their own mode and owner; a changed mode is set by the next run', async (t) => {
  const { put, at, inject } = await injectWorld(t)
  await put('tpl/a', '{{ op://v/i/user }}')
  await put('tpl/d/b', '{{ op://v/i/password }}')
  await put('one', '{{ op://v/i/user }}')
  const facts = (path: string) => {
    const { mode, uid, gid } = lstatSync(at(path))
    return `${path} ${(mode & 0o7777).toString(8)} ${uid}:${gid}`
  }
  const run = async (mode: string) => {
    const ran = await inject([
      `--map=tpl:out:mode=${mode}:user=1000:1001`,
      '--map=one:single/one',
      '--secret=tls.key={{ op://v/i/password }}',
      '--secret=plain={{ op://v/i/user }}',
      '--secret-mode=tls.key=0444',
      '--secret-user=plain=7',
      `--out=${at('secrets')}`,
      '--file-mode=0640',
    ])
    assert.equal(ran.code, 0, ran.stderr)
    return ['out/a', 'out/d', 'out/d/b', 'single/one', 'secrets/tls.key', 'secrets/plain'].map(facts)
  }
  const rest = ['single/one 640 0:0', 'secrets/tls.key 444 0:0', 'secrets/plain 640 7:7']
  const first = await run('0440')
  assert.deepEqual(first, ['out/a 440 1000:1001', 'out/d 700 0:0', 'out/d/b 440 1000:1001', ...rest])
  const { ino } = lstatSync(at('single/one'))
  const second = await run('0400')
  assert.deepEqual(second, ['out/a 400 1000:1001', 'out/d 700 0:0', 'out/d/b 400 1000:1001', ...rest])
  assert.equal(lstatSync(at('single/one')).ino, ino)
})

test('an owner that this user may not give, and a name without a secret, are refused', async (t) => {
  const { put, folder, inject, at } = await injectWorld(t)
  await chmod(folder, 0o755)
  await put('tpl/a', '{{ op://v/i/user }}')
  await mkdir(at('mine'))
  await chmod(at('mine'), 0o1777)
  const given = await inject(['--map=tpl:mine/x:user=1001'], { uid: 1000 })
  assert.equal(given.code, 74)
  assert.match(given.stderr, /this user may not give files to 1001:1001 \(leave out its owner/)
  assert.equal(existsSync(at('mine/x/a')), false)
  const none = await inject(['--secret=a={{ op://v/i/user }}', '--secret-mode=b=0440'])
  assert.equal(none.code, 78)
  assert.match(none.stderr, /flag --secret-mode b is for no file: did you mean a\?/)
})

test('a status file that is a template, an output or a foreign file is refused, by any name', async (t) => {
  const { put, at, text, inject } = await injectWorld(t)
  await put('tpl/app.conf', 'a')
  await put('mine', 'mine')
  await mkdir(at('real'))
  await symlink('real', at('link'))
  const cases: [string, string, RegExp][] = [
    ['--map=tpl:out', at('tpl/status'), /status-file .* lies among the templates/],
    ['--map=tpl:out', `${at('out')}/x/../app.conf`, /"?.*app\.conf"? comes from .* and from status-file/],
    [`--map=tpl:${at('real')}`, at('link/app.conf'), /status-file .* and the output .* are one file/],
    ['--map=tpl:out', at('mine'), /status-file .*mine exists and is not a status file of locket/],
  ]
  for (const [map, status, expected] of cases) {
    const ran = await inject([map, `--status-file=${status}`])
    assert.equal(ran.code, 64, ran.stderr)
    assert.match(ran.stderr, expected)
  }
  assert.equal(await text('mine'), 'mine')
  assert.equal(existsSync(at('out')), false)
})

test('--out can be relative, like every path on the command line', async (t) => {
  const { inject, text } = await injectWorld(t)
  const ran = await inject(['--secret=a=x', '--out=./here'])
  assert.equal(ran.code, 0, ran.stderr)
  assert.equal(await text('here/a'), 'x')
})

test('--refresh without --mode watch is refused: it would have no effect', async (t) => {
  const { inject } = await injectWorld(t)
  const ran = await inject(['--secret=a={{ op://v/i/user }}', '--refresh=30s'])
  assert.equal(ran.code, 64)
  assert.match(ran.stderr, /--refresh has no effect here \(it belongs to --mode watch\)/)
})
