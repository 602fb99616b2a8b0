import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { TABLES } from '../../src/cli/index.ts'
import { INJECT } from '../../src/cli/inject.ts'
import { loadRendering } from '../../src/config/load-rendering.ts'
import { parseOutputs } from '../../src/config/entries/output-entry.ts'
import { toLocketError } from '../../src/core/vocabulary/errors.ts'
import type { Outputs } from '../../src/core/plan/output-plan.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function outputs(argv: readonly string[], env: Record<string, string> = {}): Outputs {
  const loaded = loadRendering({ name: 'inject', sections: INJECT, argv, env, tables: TABLES })
  return parseOutputs(loaded.settings.outputs, loaded.layer, '/base')
}

function refusal(argv: readonly string[], env: Record<string, string> = {}): string {
  try {
    outputs(argv, env)
  } catch (thrown) {
    const { code, message } = toLocketError(thrown)
    assert.equal(code, 'config')
    return message
  }
  throw new assert.AssertionError({ message: `${argv.join(' ')} was not refused` })
}

function maps(argv: readonly string[], env?: Record<string, string>): [string, string][] {
  return outputs(argv, env).maps.map(({ source, dest }) => [source, dest])
}

function secrets(argv: readonly string[], env?: Record<string, string>): [string, string][] {
  return outputs(argv, env).secrets.map(({ name, source }) => [
    name,
    source.kind === 'file' ? `@${source.path}` : source.template,
  ])
}

test('a map is two paths; relative ones begin where the command does', () => {
  const pairs: [string, string, string][] = [
    ['/t:/o', '/t', '/o'],
    ['/t=/o', '/t', '/o'],
    ['./t/../u:o', '/base/u', '/base/o'],
    ['/t : /o', '/t', '/o'],
    ['/a:b:/o', '/a:b', '/o'],
    ['/a=b=/o', '/a=b', '/o'],
    ['/t/:/o/', '/t', '/o'],
  ]
  for (const [text, source, dest] of pairs) assert.deepEqual(maps([`--map=${text}`]), [[source, dest]], text)
  assert.equal(outputs(['--map=/a.conf:/o/']).maps[0]?.isInto, true)
  assert.match(
    refusal(['--map=/t']),
    /^flag --map: write SRC:DST or SRC=DST, the template and the file made from it$/,
  )
  assert.match(refusal(['--map=:/o', '--map=/t:']), /^2 settings are wrong/)
  assert.match(refusal(['--map=a:b:c']), /more than one : or = in a map: write it as a table/)
  assert.match(refusal(['--map=/t:/o:ro']), /a map takes no :ro/)
})

test('- is standard input or output in either place, once each; ./- is a file of that name', () => {
  const pairs: [string, string, string][] = [
    ['-:-', '-', '-'],
    ['- = -', '-', '-'],
    ['a=b:-', '/base/a=b', '-'],
    ['-:a=b', '-', '/base/a=b'],
    ['./-:/-', '/base/-', '/-'],
  ]
  for (const [text, source, dest] of pairs) assert.deepEqual(maps([`--map=${text}`]), [[source, dest]], text)
  assert.deepEqual(maps([], { SECRET_MAP: '-:-' }), [['-', '-']])
  assert.match(
    refusal(['--map=-:/a', '--map=-:/b']),
    /^flag --map -: standard input can be the source of one/,
  )
  assert.match(
    refusal(['--map=/a:-', '--map=/b:-']),
    /^flag --map \/b: standard output can take one template/,
  )
  assert.match(refusal(['--map=-:/a/']), /^flag --map -: standard input has no name: name the file, not only/)
  assert.match(
    refusal(['--map=/a:-:mode=0440']),
    /^flag --map \/a: standard output has no mode and no owner$/,
  )
  assert.deepEqual(outputs(['--map=-:/a:mode=0440']).maps[0]?.access, { mode: 0o440 })
})

test('a path after @ begins where the command does; in a TOML file it must be absolute', async (t) => {
  assert.deepEqual(secrets(['--secret=a=@x/y', '--secret=b= @../z ', '--secret=c=@{{ op://v/i/f }}']), [
    ['a', '@/base/x/y'],
    ['b', '@/z'],
    ['c', '@{{ op://v/i/f }}'],
  ])
  assert.deepEqual(secrets([], { LOCKET_SECRETS: 'a=@x' }), [['a', '@/base/x']])
  const file = await toml(t, 'secrets = ["a=@x", "b=@/x"]')
  assert.match(refusal(['--config', file]), /secrets a: the path after @ must be absolute$/)
  assert.match(refusal(['--secret=a=@']), /^flag --secret a: a path must follow the @$/)
})

test('F9: no comma cuts a flag or a TOML list, and a variable is cut only where an entry begins', async (t) => {
  assert.deepEqual(secrets(['--secret=a={{ op://v/i,j/f }},b=2,/x']), [['a', '{{ op://v/i,j/f }},b=2,/x']])
  assert.deepEqual(maps(['--map=/a,b:/o,/p']), [['/a,b', '/o,/p']])
  const env = { LOCKET_SECRETS: 'a=one, two,b={{ op://v/x,c=d/f }},/etc/tpl/key', SECRET_MAP: '/a:/x,/b:/y' }
  assert.deepEqual(secrets([], env), [
    ['a', 'one, two'],
    ['b', '{{ op://v/x,c=d/f }}'],
    ['key', '@/etc/tpl/key'],
  ])
  assert.deepEqual(maps([], env), [
    ['/a', '/x'],
    ['/b', '/y'],
  ])
  assert.deepEqual(secrets(['--config', await toml(t, 'secrets = ["a=1,b=2"]')]), [['a', '1,b=2']])
})

test('a secret is NAME=TEMPLATE, NAME=@/path, or a path alone, which is named after its file', () => {
  assert.deepEqual(
    secrets(['--secret=a={{ x }}', '--secrets=b=@/t/b.tpl', '--secret', '/t/c', '--secret=./d/e.conf']),
    [
      ['a', '{{ x }}'],
      ['b', '@/t/b.tpl'],
      ['c', '@/t/c'],
      ['e.conf', '@/base/d/e.conf'],
    ],
  )
  assert.match(refusal(['--secret=a=/t/b']), /to take the template from that file write @\/t\/b/)
  assert.match(refusal(['--secret=nothing']), /write NAME=TEMPLATE/)
})

test('in TOML: lists, tables, and one table per map with any path', async (t) => {
  const file = await toml(
    t,
    'map = [{ source = "/a:b=c", dest = "/o:p" }, "/x:/y"]\n[inject.secrets]\ndb_password = "{{ local://db }}"\n"certs/tls.key" = "@/t"',
  )
  assert.deepEqual(maps(['--config', file]), [
    ['/a:b=c', '/o:p'],
    ['/x', '/y'],
  ])
  assert.deepEqual(secrets(['--config', file]), [
    ['db_password', '{{ local://db }}'],
    ['certs/tls.key', '@/t'],
  ])
  const tables = await toml(
    t,
    '[[inject.map]]\nsource = "/t"\ndest = "o"\n[[inject.map]]\nsource="/u"\ndest="/p"',
  )
  assert.deepEqual(maps(['--config', tables]), [
    ['/t', '/base/o'],
    ['/u', '/p'],
  ])
  for (const wrong of ['[{ source = "/a" }]', '[{ source = "/a", dest = "/b", owner = "1" }]', '[1]'])
    assert.match(
      refusal(['--config', await toml(t, `map = ${wrong}`)]),
      /line 2: map must hold only strings, or tables of source and dest, with or without mode and user/,
    )
})

test('mode and owner of a map are behind its paths, in any order', () => {
  const access = (text: string) =>
    outputs([`--map=${text}`]).maps.map((map) => [map.source, map.dest, map.access])
  const both = { mode: 0o440, owner: { uid: 10, gid: 20 } }
  assert.deepEqual(access('/t:/o:mode=0440:user=10:20'), [['/t', '/o', both]])
  assert.deepEqual(access('/t=/o:user=10:20:mode=0440'), [['/t', '/o', both]])
  assert.deepEqual(access('t:o/:user=7'), [['/base/t', '/base/o', { owner: { uid: 7, gid: 7 } }]])
  assert.deepEqual(access('/a:b,c:/o d:mode=0440'), [['/a:b,c', '/o d', { mode: 0o440 }]])
  assert.deepEqual(access('/mode=x:/o')[0]?.slice(0, 2), ['/mode=x', '/o'])
  assert.deepEqual(
    outputs([], { SECRET_MAP: '/a:/x:mode=0440:user=1,/b:/y' }).maps.map((map) => map.access),
    [{ mode: 0o440, owner: { uid: 1, gid: 1 } }, undefined],
  )
  const shape = /^flag --map: write :mode=MODE and :user=UID:GID behind DST, each at most once; .* as a table/
  for (const end of [
    'mode=',
    'uid=5',
    'gid=5',
    'owner=5',
    'chmod=0440',
    'mode=0440:mode=0400',
    'mode=0440:ro',
    'user=1:mode',
  ])
    assert.match(refusal([`--map=/t:/o:${end}`]), shape, end)
  assert.match(refusal(['--map=/t:/o:mode=0440/x']), /^flag --map \/t: must be octal digits/)
  assert.match(refusal(['--map=/t:/o:mode=0440,user=1']), /must be octal digits/)
  assert.match(
    refusal(['--map=/t:/o:mode=0666']),
    /^flag --map \/t: a secret must not be writable by everyone/,
  )
  assert.match(refusal(['--map=/t:/o:user=root']), /must be uid:gid or uid/)
  assert.match(refusal(['--map=/t:/o:ro:mode=0440']), /a map takes no :ro/)
})

test('mode and owner of a named secret are settings of its name', () => {
  const found = (argv: readonly string[], env?: Record<string, string>) =>
    outputs(argv, env).secrets.map(({ name, access }) => [name, access])
  const secrets = ['--secret=a.key=x', '--secret=/t/b', '--secret=c=y']
  assert.deepEqual(found([...secrets, '--secret-mode=a.key=0440', '--secret-user=b=1:2']), [
    ['a.key', { mode: 0o440 }],
    ['b', { owner: { uid: 1, gid: 2 } }],
    ['c', undefined],
  ])
  assert.deepEqual(
    found(secrets, { LOCKET_SECRET_MODES: 'a.key=0440, c=0400' }).map(([, access]) => access),
    [{ mode: 0o440 }, undefined, { mode: 0o400 }],
  )
  assert.match(refusal([...secrets, '--secret-mode=d=0440']), /^flag --secret-mode d is for no file/)
  assert.match(refusal(['--secret=a=/x', '--secret-mode=a=0440']), /^flag --secret a: to take [^;]*$/)
})

test('in TOML modes and owners are lists, tables, or keys of a map; numbers are taken too', async (t) => {
  const file = await toml(
    t,
    'secret = ["tls.key=x", "b=y"]\nsecret-user = ["b=1:2"]\nmap = [{ source = "/a:mode=1", dest = "/o", mode = 0o440, user = 101 }, { source = "/b", dest = "/p", user = "1:2" }]\n[inject.secret-mode]\n"tls.key" = 0o440\nb = "0400"',
  )
  const { maps: found, secrets: named } = outputs(['--config', file])
  assert.deepEqual(
    found.map((map) => [map.source, map.access]),
    [
      ['/a:mode=1', { mode: 0o440, owner: { uid: 101, gid: 101 } }],
      ['/b', { owner: { uid: 1, gid: 2 } }],
    ],
  )
  assert.deepEqual(
    named.map(({ access }) => access),
    [{ mode: 0o440 }, { mode: 0o400, owner: { uid: 1, gid: 2 } }],
  )
  const nested = await toml(t, 'secrets = ["tls.key=x"]\nsecret-mode.tls.key = "0440"')
  assert.match(refusal(['--config', nested]), /secret-mode must give each name a string or a number$/)
  const number = await toml(t, '[inject.secrets]\na = 5')
  assert.match(refusal(['--config', number]), /secrets must give each name a string$/)
  const zero = await toml(t, 'map = ["/a\\u0000/b"]')
  assert.deepEqual(maps(['--config', zero]), [['/a', '/b']])
})

async function toml(t: TestContext, text: string): Promise<string> {
  const path = join(await temporaryFolder(t), 'locket.toml')
  writeFileSync(path, `[inject]\n${text}\n`)
  return path
}
