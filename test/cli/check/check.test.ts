import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkWorld, documentOf, TOKEN, VALUES } from './check-command.ts'

test('a configuration without files: what it names is checked, and its providers are asked', async (t) => {
  const { check, put } = await checkWorld(t)
  const bare = await check([])
  assert.deepEqual([bare.code, bare.stderr], [0, ''])
  assert.match(
    bare.stdout,
    /^configuration: ok\nthere is no compose\.yaml, compose\.yml, docker-compose\.yml or docker-compose\.yaml here\n\nprovider {4}result {2}time\nop-connect {2}ok {6}\d+ ms\n\n0 references ok, 0 failed\n$/,
  )
  await put('all.toml', '[volume.secrets]\nkey = "{{ op://Mordin/TestKey/private key }}"\n')
  const whole = await check(['--config', 'all.toml', '--format=json'])
  const { ok, references } = documentOf(whole.stdout)
  assert.deepEqual([whole.code, ok], [0, true])
  assert.deepEqual(
    references.map(({ reference, where }) => [reference, where]),
    [['op://Mordin/TestKey/private key', ['configuration: all.toml line 1 secrets key']]],
  )
})

test('every wrong setting is listed with its source, and the rest is still checked', async (t) => {
  const { check, put } = await checkWorld(t)
  await put('a.toml', '[volume]\nsise = "1M"\nmode = "rwx"\n')
  await put('b.toml', '[volume\n')
  await put('app.conf', 'p={{ local://db/password }}')
  const args = ['--config=a.toml', '--config=b.toml', '--config=none.toml', '--provider=opp', '--size=0']
  const { code, stdout, stderr } = await check([...args, 'app.conf'], { LOCKET_LOG_LEVEL: 'loud' })
  assert.deepEqual([code, stderr], [78, ''])
  const told = [
    /^configuration: flag --config: there is no file none\.toml in the working directory$/m,
    /^configuration: a\.toml line 2: there is no setting sise, did you mean size\?$/m,
    /^configuration: b\.toml line 1, column \d+: /m,
    /^configuration: environment LOCKET_LOG_LEVEL: must be one of/m,
    /^configuration: a\.toml line 3 mode: "rwx" is not a valid mode/m,
    /^configuration: flag --size: "0" is not a valid size/m,
    /^configuration: flag --provider: must be one of/m,
    /^local:\/\/db\/password {2}local {5}ok {6}/m,
    /^1 reference ok, 0 failed, 7 other problems$/m,
  ]
  for (const line of told) assert.match(stdout, line)
  assert.equal(stdout.match(/^configuration: (?!read )/gm)?.length, 7, stdout)
  assert.match(stdout, /^configuration: read a\.toml\nconfiguration: read b\.toml\n/)
})

test('beside a wrong setting, the modes of default secrets still count', async (t) => {
  const { check } = await checkWorld(t)
  const secret = ['--secret=key={{ local://db/password }}', '--secret-user=key=7']
  const { stdout } = await check([...secret, '--size=0', '--offline'])
  assert.match(stdout, /^configuration: flag --size/m)
  assert.match(stdout, /^configuration: warning: the users of key may not enter the folder/m)
  const unknown = await check(['--secret-mode=key=0440', '--offline'])
  assert.match(
    unknown.stdout,
    /^configuration: flag --secret-mode key is for no file: no secret has this name$/m,
  )
})

test('missing secrets are distinguished from those with a default, and asked for once', async (t) => {
  const { check, put, server } = await checkWorld(t)
  const key = '{{ op://Mordin/TestKey/private key }}'
  await put('a.conf', `${key} ${key} {{ local://db/pasword }} {{ local://nix | default "x" }}`)
  await put('b.conf', `${key} {{ op://Mordin/TestKey/nix }} {{ local://nax | default "" }}{{ local://nax }}`)
  const { code, stdout } = await check(['--format=json', 'a.conf', 'b.conf'])
  const { references } = documentOf(stdout)
  assert.equal(code, 66)
  const seen = references.map(({ reference, ok, code: kind, hint, usesDefault, where }) => ({
    reference,
    result: ok === true ? (usesDefault === true ? 'default' : 'ok') : `${kind}`,
    hint,
    where: where.join(),
  }))
  assert.deepEqual(seen, [
    {
      reference: 'local://db/pasword',
      result: 'not_found',
      hint: 'did you mean db/password?',
      where: 'a.conf',
    },
    { reference: 'local://nix', result: 'default', hint: undefined, where: 'a.conf' },
    { reference: 'local://nax', result: 'not_found', hint: seen[2]?.hint, where: 'b.conf' },
    { reference: 'op://Mordin/TestKey/private key', result: 'ok', hint: undefined, where: 'a.conf,b.conf' },
    {
      reference: 'op://Mordin/TestKey/nix',
      result: 'not_found',
      hint: 'there is private key',
      where: 'b.conf',
    },
  ])
  const asked = server.requests.filter((request) => /items\/[^?/]+$/.test(request))
  assert.ok(asked.length <= 2, asked.join())
})

test('a wrong token, a server that is down and one that hangs end the check with their own codes', async (t) => {
  const { check, put, server } = await checkWorld(t)
  await put('app.conf', '{{ op://Mordin/TestKey/private key }} {{ local://db/password }}')
  server.knobs.tokens.clear()
  server.knobs.errorText = VALUES.join(' ')
  const wrong = documentOf((await check(['--format=json', 'app.conf'])).stdout)
  assert.deepEqual(
    wrong.providers.map(({ name, ok, code }) => [name, ok, code]),
    [
      ['local', true, undefined],
      ['op-connect', false, 'auth'],
    ],
  )
  assert.deepEqual(
    wrong.references.map(({ ok, code }) => [ok, code]),
    [
      [true, undefined],
      [false, 'auth'],
    ],
  )
  server.knobs.tokens.add(TOKEN)
  server.knobs.trouble = 'hang'
  const since = performance.now()
  const hanging = await check(['--timeout=1s', 'app.conf'])
  assert.ok(performance.now() - since < 15_000)
  assert.equal(hanging.code, 75, hanging.stdout)
  assert.match(hanging.stdout, /^local:\/\/db\/password .*ok/m)
  await server[Symbol.asyncDispose]()
  const down = await check(['app.conf'])
  assert.equal(down.code, 69, down.stdout)
  assert.match(down.stdout, /^op-connect {2}.*127\.0\.0\.1.*$/m)
  assert.match(down.stdout, /^op:.* its provider failed, see above .*\n {2}in app\.conf$/m)
  assert.equal(down.stdout.split('127.0.0.1').length, 2, down.stdout)
  assert.match(down.stdout, /^1 reference ok, 1 failed, 1 other problem$/m)
})

test('offline nobody is asked, and nothing of the embedded store is read', async (t) => {
  const { check, put, server } = await checkWorld(t)
  await put('local.key', 'no key')
  await put('app.conf', '{{ op://Mordin/TestKey/private key }} {{ local://db/password }}')
  const { code, stdout } = await check(['--offline', 'app.conf'])
  assert.equal(code, 0)
  assert.match(stdout, /^2 references, none asked for$/m)
  assert.match(stdout, /^local:\/\/db\/password +local +not asked$/m)
  assert.deepEqual(server.requests, [])
})

test('colors are for terminals, and only for those who want them', async (t) => {
  const { check, onTerminal, put } = await checkWorld(t)
  await put('app.conf', '{{ local://db/password }} {{ local://nix }}')
  const escape = '\u001b['
  assert.ok(!(await check(['app.conf'], { FORCE_COLOR: '1' })).stdout.includes(escape))
  const colored = await onTerminal(['app.conf'])
  assert.equal(colored.code, 66)
  assert.ok(colored.stdout.includes(`${escape}32mok${escape}39m`), colored.stdout)
  assert.ok(colored.stdout.includes(`${escape}31mthere is no such secret in`), colored.stdout)
  assert.ok(!(await onTerminal(['app.conf'], { NO_COLOR: '1' })).stdout.includes(escape))
  assert.ok(!(await onTerminal(['--format=json', 'app.conf'])).stdout.includes(escape))
})

test('no name can command a terminal or break a line', async (t) => {
  const { check, put } = await checkWorld(t)
  const name = 'odd\u001b[31m\nname.conf'
  await put(name, '{{ local://nix }}')
  const yaml = String.raw`volumes: {"v\e[1m\nx": {driver: locket, driver_opts: {"a\eb": x, "secret.\ed": "{{ op://x }}"}}}`
  await put('compose.yaml', yaml)
  for (const format of ['text', 'json']) {
    const { stdout } = await check(['--format', format, name, 'compose.yaml'])
    assert.doesNotMatch(stdout, /[^\P{Cc}\n]/u)
    assert.ok(stdout.includes('odd?[31m?name.conf'))
    assert.ok(stdout.includes('volume v?[1m?x: '), stdout)
  }
})

test('mistakes on the command line are usage errors, before anything is asked', async (t) => {
  const { check, server } = await checkWorld(t)
  const cases: [string[], number, RegExp][] = [
    [['--ofline'], 64, /^locket: check has no flag --ofline \(did you mean --offline\?\)\n$/],
    [['--format=xml'], 78, /^locket: flag --format: must be one of text, table, json\n$/],
    [['--timeout=0s'], 78, /^locket: flag --timeout: must be longer than 0\n$/],
  ]
  for (const [args, code, expected] of cases) {
    const ran = await check(args)
    assert.deepEqual([ran.code, ran.stdout], [code, ''])
    assert.match(ran.stderr, expected)
  }
  assert.deepEqual(server.requests, [])
})
