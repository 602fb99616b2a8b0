import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkWorld, documentOf } from './check-command.ts'

test('all that is wrong with a volume is in one report, each on a line of its own', async (t) => {
  const { check, put } = await checkWorld(t)
  const many = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`wrong${n}`, 'x']))
  const options = {
    ...many,
    mode: 'rwx',
    'secret.bare': '/a/path',
    'secret.slip': '{{ local://a | nope }}',
    'secret.dir': '{{ local://db/password }}',
    'secret.dir/x': '{{ local://gone }}',
    'secret.file': '@/no/such/template',
  }
  await put('compose.yaml', JSON.stringify({ volumes: { v: { driver: 'locket', driver_opts: options } } }))
  const { code, stdout } = await check([])
  assert.equal(code, 78)
  const problems = [
    ...Object.keys(many).map((name) => `driver option ${name} is not known`),
    'driver option mode: "rwx" is not a valid mode',
    'driver option secret.bare: to take the template from that file write @/a/path',
    'driver option secret.dir makes "dir" a file, driver option secret.dir/x needs it as a folder',
    'driver option secret.slip: line 1, column 1: local://a: there is no filter "nope"',
    'driver option secret.file: template file /no/such/template does not exist',
  ]
  for (const problem of problems) assert.ok(stdout.includes(`\ncompose.yaml: volume v: ${problem}`), stdout)
  assert.match(stdout, /^local:\/\/db\/password +local +ok/m)
  assert.match(
    stdout,
    /^local:\/\/gone +local +there is no such secret .*\n {2}in compose\.yaml: volume v: dir\/x$/m,
  )
  assert.match(stdout, /^1 reference ok, 1 failed, 17 other problems$/m)
})

test('a provider whose options are wrong is not asked in place of the one that was meant', async (t) => {
  const { check, put, server } = await checkWorld(t)
  const key = '{{ op://Mordin/TestKey/private key }}'
  await put(
    'compose.yaml',
    JSON.stringify({
      volumes: {
        v: {
          driver: 'locket',
          driver_opts: {
            'connect-host': 'ftp://x',
            'secret.a': key,
            'secret.b': '{{ local://db/password }}',
          },
        },
      },
      services: {
        s: {
          provider: {
            type: 'locket',
            options: { connect_host: 'ftp://x', env: [`A=${key}`, 'B=local://b'] },
          },
        },
      },
    }),
  )
  const { stdout } = await check(['--format=json', 'compose.yaml'])
  const { references } = documentOf(stdout)
  assert.deepEqual(
    references.map(({ reference, ok, where }) => [reference, ok, where.length]),
    [
      ['local://db/password', true, 1],
      ['local://b', false, 1],
      ['op://Mordin/TestKey/private key', undefined, 2],
    ],
  )
  assert.ok(!server.requests.some((request) => request.includes('items')), server.requests.join(', '))
  const text = await check(['compose.yaml'])
  assert.match(text.stdout, /^1 reference ok, 1 failed, 1 not asked for, /m)
})

test('warnings are counted in the last line, and --strict makes them count', async (t) => {
  const { check, put } = await checkWorld(t)
  const plain = '{driver: locket, driver_opts: {secret.a: "{{ local://db/password }}", secret.b: local}}'
  await put('compose.yaml', `volumes: {v: ${plain}, w: {driver: locket, driver_opts: {size: 1M$UNSET}}}`)
  const { code, stdout } = await check([])
  assert.equal(code, 0, stdout)
  assert.match(stdout, /^1 reference ok, 0 failed, 3 warnings$/m)
  const strict = await check(['--strict'])
  assert.equal(strict.code, 78)
  assert.match(strict.stdout, /^1 reference ok, 0 failed, 3 warnings \(not ok with --strict\)$/m)
  const json = await check(['--strict', '--format=json'])
  assert.deepEqual([json.code, documentOf(json.stdout).ok], [78, false])
  assert.equal(documentOf((await check(['--format=json'])).stdout).ok, true)
  await put('compose.yaml', `volumes: {v: ${plain.replace(', secret.b: local', '')}}`)
  const clean = await check(['--strict'])
  assert.deepEqual([clean.code, /0 failed$/m.test(clean.stdout)], [0, true], clean.stdout)
})
