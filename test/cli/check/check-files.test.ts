import assert from 'node:assert/strict'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkWorld, documentOf, VALUES } from './check-command.ts'

const COMPOSE = new URL('../../fixtures/compose', import.meta.url).pathname

test('the seed’s compose examples are good', async (t) => {
  const { check, folder } = await checkWorld(t)
  for (const name of ['volume.yaml', 'provider.yaml']) await copyFile(join(COMPOSE, name), join(folder, name))
  const { code, stdout, stderr } = await check(['--format=json', 'volume.yaml', 'provider.yaml'])
  assert.deepEqual([code, stderr], [0, ''], stdout)
  const { ok, files, references } = documentOf(stdout)
  assert.equal(ok, true)
  assert.deepEqual(
    files,
    ['volume.yaml', 'provider.yaml'].map((file) => ({ file, kind: 'compose', problems: [], warnings: [] })),
  )
  assert.deepEqual(
    references.map(({ reference, where }) => [reference, ...where]),
    [
      ['op://Mordin/TestKey/private key', 'volume.yaml: volume locket-volume: template'],
      ['op://Mordin/SecretPassword/Test Section/text', 'provider.yaml: service locket: secret1'],
      ['op://Mordin/SecretPassword/Test Section/date', 'provider.yaml: service locket: secret2'],
    ],
  )
})

test('what the driver and Compose would refuse is refused in their words', async (t) => {
  const { check, put } = await checkWorld(t)
  await put(
    'compose.yml',
    `
volumes:
  a: {driver: locket, driver_opts: {sise: 1M, mode: 0700, secret.x: "{{ op://only/two }}"}}
  b: {driver: locket, driver_opts: {watch: true, secret.x: "{{ op://only/two }}"}}
  c: {driver: "other:1", driver_opts: {connect-host: "http://elsewhere", size: $SIZE_OF_C}}
  d: {driver: local, driver_opts: {sise: x}}
  e: {driver: locket, driver_opts: {secret.x: "/bare/path", secret.y: "\${NEEDED:?tell $WHY}"}}
services:
  s:
    provider:
      type: locket
      options: {providr: local, connect_host: ftp://x, secrets: ["a=@", b], env-file: missing.env}
  t:
    provider:
      type: locket
      options: {env: ["A=/usr/bin", "B={{ op://x }}", "C=@/no/such/file", "D=@beside"], env_file: good.env, raw: true}
`,
  )
  await put('beside', '{{ local:// }}')
  await put('good.env', 'X=1\nY="{{ local://db/password }}"\nZ={{ local:// }}\n')
  const { code, stdout } = await check(['--driver=other:1', 'compose.yml'], { WHY: VALUES[0] ?? '' })
  assert.equal(code, 78)
  const told = [
    'compose.yml: a compose file with 4 volumes and 2 provider services of locket',
    'compose.yml: volume b: driver_opts.watch must be a number or string, and is a boolean: write "true" in quotes',
    'compose.yml: volume e: driver_opts.secret.y needs the variable NEEDED: tell $WHY',
    'compose.yml: volume a: driver option sise is not known, did you mean size?',
    'compose.yml: volume b: driver option secret.x: line 1, column 1: ',
    'compose.yml: volume a: driver option secret.x: line 1, column 1: op://only/two',
    'compose.yml: volume c: driver option size: "" is not a valid size',
    'compose.yml: volume c: driver option connect-host needs connect-token in the driver options too',
    'compose.yml: volume e: driver option secret.x: to take the template from that file write @/bare/path',
    'compose.yml: service s: option providr is not known, did you mean provider?',
    'compose.yml: service s: option connect_host: must be a URL',
    'compose.yml: service s: option secrets a: a path must follow the @',
    'compose.yml: service s: option secrets: write NAME=TEMPLATE or NAME=@/path/to/template',
    'compose.yml: service t: option env B: line 1, column 1: ',
    'compose.yml: service t: option env C: template file /no/such/file does not exist',
    'compose.yml: service t: option env D: line 1, column 1: ',
    'compose.yml: service t: good.env line 3 Z: line 1, column 1: ',
    'compose.yml: warning: the variable SIZE_OF_C is not set and counts as empty',
  ]
  for (const line of told) assert.ok(stdout.includes(`\n${line}`), `${line}\n\n${stdout}`)
  assert.match(stdout, /^local:\/\/db\/password +local/m)
  assert.doesNotMatch(stdout, /volume d/)
})

test('modes and owners of single files are checked as the driver does, and their reach too', async (t) => {
  const { check, put } = await checkWorld(t)
  await put(
    'compose.yml',
    `
volumes:
  good: {driver: locket, driver_opts: {mode: 0711, secret.tls.key: "{{ local://db/password }}", secret-mode.tls.key: 0440, secret-user.tls.key: 101}}
  wrong: {driver: locket, driver_opts: {secret.key: "{{ local://db/password }}", secret-mode.kay: 0440, mode.key: 0440}}
  open: {driver: locket, driver_opts: {secret.key: "{{ local://db/password }}", secret-mode.key: 0666}}
  closed: {driver: locket, driver_opts: {secret.key: "{{ local://db/password }}", secret-user.key: "101:102"}}
  file: {driver: locket, driver_opts: {secret.key: "{{ local://db/password }}", secret.key.mode: 0440}}
`,
  )
  const { code, stdout } = await check(['--offline', 'compose.yml'])
  assert.equal(code, 78)
  const told = [
    'volume wrong: driver option mode.key is not known, did you mean secret-mode.key?',
    'volume wrong: driver option secret-mode.kay is for no file: did you mean key?',
    'volume open: driver option secret-mode.key: a secret must not be writable by everyone',
    'warning: volume closed: the users of key may not enter the folder',
    'warning: volume file: key.mode is a file of its own: is secret-mode.key meant?',
  ]
  for (const line of told) assert.ok(stdout.includes(`\ncompose.yml: ${line}`), `${line}\n\n${stdout}`)
  assert.doesNotMatch(stdout, /volume good/)
})

test('variables come from the environment, then from the .env file beside the compose file', async (t) => {
  const { check, put } = await checkWorld(t)
  const options = 'secret.a: "{{ local://$ONE }}", secret.b: "{{ local://$TWO }}"'
  await put('compose.yaml', `volumes: {v: {driver: locket, driver_opts: {${options}}}}`)
  await put('.env', 'ONE=from/file\nTWO=from/file\n')
  const { stdout } = await check(['--offline', '--format=json', 'compose.yaml'], { TWO: 'from/environment' })
  const { references, files } = documentOf(stdout)
  assert.deepEqual(
    references.map(({ reference, ok }) => [reference, ok]),
    [
      ['local://from/file', undefined],
      ['local://from/environment', undefined],
    ],
  )
  await put('.env', 'no line of a .env file\n')
  const broken = await check(['--offline', 'compose.yaml'])
  assert.match(broken.stdout, /^compose\.yaml: warning: its variables are not used: \.env: line 1: /m)
  assert.deepEqual(files[0]?.warnings, [])
})

test('a wrong reference has line and column; the exit code is that of the first error', async (t) => {
  const { check, put } = await checkWorld(t)
  await put('app.conf', 'a\nb = {{ op://only/two }}\nc = {{ local://x | no-such-filter }}\n')
  const { code, stdout } = await check(['app.conf'])
  assert.equal(code, 65)
  assert.match(stdout, /^app\.conf: line 2, column 5: op:\/\/only\/two/m)
  assert.match(stdout, /line 3, column 5: local:\/\/x: there is no filter "no-such-filter"/)
  const missing = await check(['none.conf'])
  assert.deepEqual(
    [missing.code, /^cannot read none\.conf: it does not exist$/m.test(missing.stdout)],
    [74, true],
  )
  await put('large.conf', 'x'.repeat(2000))
  const large = await check(['--max-file-size=1K', 'large.conf'])
  assert.equal(large.code, 74)
  assert.match(large.stdout, /larger than 1024 bytes \(raise max-file-size\)/)
  await put('values.yaml', 'a: {{ local://db/password }}\n')
  await put('wrong.yaml', 'a: {{ op://only/two }}\n')
  await put('broken.yaml', 'services:\n  a: [\n')
  const yaml = await check(['--format=json', 'values.yaml', 'wrong.yaml', 'broken.yaml'])
  assert.deepEqual(
    documentOf(yaml.stdout).files.map(({ kind, problems }) => [kind, problems.length]),
    [
      ['template', 0],
      ['template', 1],
      ['compose', 1],
    ],
  )
})

test('a volume’s own provider settings are the ones that are asked with', async (t) => {
  const { check, put, folder } = await checkWorld(t)
  await put('other-token', 'canary-check-token-5f0e-wrong\n')
  await put('app.conf', '{{ op://Mordin/TestKey/private key }}')
  const options =
    'connect-token: "file:$PWD_HERE/other-token", secret.a: "{{ op://Mordin/TestKey/private key }}"'
  await put('compose.yaml', `volumes: {v: {driver: locket, driver_opts: {${options}}}}`)
  const { code, stdout } = await check(['app.conf', 'compose.yaml'], { PWD_HERE: folder })
  assert.equal(code, 77)
  assert.match(stdout, /^op-connect {27}ok {6}\d+ ms$/m)
  assert.match(stdout, /^op-connect \(compose\.yaml: volume v\) .*does not accept the credential/m)
  assert.match(stdout, /^1 reference ok, 1 failed, 1 other problem$/m)
})

test('each problem has one line that names file, volume or service, and reference', async (t) => {
  const { check, put } = await checkWorld(t)
  const wrong = '{{ op://only/two }}{{ local://x | nope }}'
  await put(
    'compose.yaml',
    JSON.stringify({
      services: {
        web: { provider: { type: 'locket', options: { env: [`A=${wrong}`, 'B={{ local://gone }}'] } } },
      },
      volumes: { db: { driver: 'locket', driver_opts: { 'secret.a': wrong } } },
    }),
  )
  const { stdout } = await check(['compose.yaml'])
  const lines = stdout.split('\n').filter((line) => line.startsWith('compose.yaml: '))
  const [reference, filter] = ['op://only/two has 2 parts', 'local://x: there is no filter "nope"']
  const expected = [
    'compose.yaml: a compose file',
    `compose.yaml: volume db: driver option secret.a: line 1, column 1: ${reference}`,
    `compose.yaml: volume db: driver option secret.a: line 1, column 20: ${filter}`,
    `compose.yaml: service web: option env A: line 1, column 1: ${reference}`,
    `compose.yaml: service web: option env A: line 1, column 20: ${filter}`,
  ]
  assert.deepEqual(
    lines.map((line, index) => line.slice(0, expected[index]?.length)),
    expected,
  )
  assert.match(stdout, /^local:\/\/gone .*\n {2}in compose\.yaml: service web: B$/m)
})

test('environment: and env_file: of a provider service are checked like its options', async (t) => {
  const { check, put } = await checkWorld(t)
  await put('app.env', 'F={{ local://in-file }}\n')
  const provider = { type: 'locket', options: { provider: 'local' } }
  await put(
    'compose.yaml',
    JSON.stringify({
      services: {
        mapped: { provider, environment: { A: '{{ local://mapped }}', U: null }, env_file: 'app.env' },
        listed: {
          provider,
          environment: ['B={{ local://listed }}', 'C={{ op://only/two }}', 'OP_CONNECT_TOKEN=x'],
        },
        mixed: {
          provider: { type: 'locket', options: { secrets: 'a={{ local://a }},b={{ local://b }}' } },
          environment: { D: '1' },
        },
        none: { provider },
      },
    }),
  )
  const { stdout } = await check(['--format=json', 'compose.yaml'])
  const { files, references } = documentOf(stdout)
  assert.deepEqual(
    files[0]?.problems.map((problem) => problem.slice(0, 70)),
    [
      'service listed: environment: OP_CONNECT_TOKEN is a credential of locke',
      'service listed: environment C: line 1, column 1: op://only/two has 2 p',
      'service none: there is no variable to set: give it environment: or the',
    ],
  )
  assert.deepEqual(
    references.map(({ reference, where }) => [reference, ...where]),
    [
      ['local://in-file', 'compose.yaml: service mapped: F'],
      ['local://mapped', 'compose.yaml: service mapped: A'],
      ['local://listed', 'compose.yaml: service listed: B'],
      ['local://a', 'compose.yaml: service mixed: a'],
      ['local://b', 'compose.yaml: service mixed: a'],
    ],
  )
  assert.deepEqual(files[0]?.warnings, [
    'service mixed: option secrets a: a comma and another NAME=TEMPLATE follow, and are part of the value: write a list with one entry on each line, or one flag for each',
    'service mixed: Docker Compose before 5.6.0 leaves out the variables of environment:, and sets only those of the options',
  ])
})
