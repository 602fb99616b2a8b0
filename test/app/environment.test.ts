import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { environmentFiles, prepareEnvironment } from '../../src/app/recipe/environment.ts'
import { environmentOf } from '../../src/app/sinks/environment.ts'
import type { EnvEntry } from '../../src/config/entries/env-entry.ts'
import { isLocketError } from '../../src/core/vocabulary/errors.ts'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import { openSourceFiles } from '../../src/host/sources/source-files.ts'
import { parseSampleRef } from '../fakes/sample-refs.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const RULES = { parseRef: parseSampleRef, maxFileBytes: 10_000 }
const inline = (name: string, template: string): EnvEntry => ({
  kind: 'variable',
  name,
  source: { kind: 'inline', template },
  origin: `flag --env ${name}`,
})
const file = (path: string): EnvEntry => ({ kind: 'file', path, origin: 'flag --env' })

async function put(t: TestContext, name: string, text: string | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(t), name)
  await writeFile(path, text)
  return path
}

const prepare = async (entries: readonly EnvEntry[]) =>
  (await prepareEnvironment(entries, RULES, openSourceFiles())).templates

test('later entries of any kind win by name, and those of .env files are templates', async (t) => {
  const path = await put(t, 'app.env', '# first\nA=file\nexport B="{{ op://v/i/f }}\n2"\nC=op://v/i/g\n')
  const variables = await prepare([inline('A', '1'), inline('D', 'd'), file(path), inline('B', 'own')])
  assert.deepEqual(
    variables.map(({ name, origin, template }) => [name, origin, template.refs.map((ref) => ref.text)]),
    [
      ['D', 'flag --env D', []],
      ['A', `${path} line 2 A`, []],
      ['C', `${path} line 5 C`, ['op://v/i/g']],
      ['B', 'flag --env B', []],
    ],
  )
})

test('a template that a later entry replaces is not looked at', async () => {
  const unreadable: EnvEntry = {
    kind: 'variable',
    name: 'A',
    source: { kind: 'file', path: '/no/such/file' },
    origin: 'flag --env A',
  }
  assert.equal((await prepare([unreadable, inline('A', 'good')])).length, 1)
})

test('all errors are reported at once, with the line of a .env file, without its text', async (t) => {
  const names = await put(t, 'names.env', 'A=canary-1\nB-C.d=canary-2\nD={{ op://canary }}\n')
  const broken = await put(t, 'broken.env', 'A=1\n\ncanary-3\n')
  const bytes = await put(t, 'bytes.env', Uint8Array.from([0x41, 0x3d, 0xff]))
  const template: EnvEntry = {
    ...inline('T', ''),
    kind: 'variable',
    name: 'T',
    source: { kind: 'file', path: '/no/t' },
    origin: 'flag --env T',
  }
  const entries = [file(names), file(broken), file(bytes), file('no.env'), template]
  const error = await prepare(entries).then(
    () => assert.fail('it is wrong'),
    (thrown: unknown) => thrown,
  )
  assert.ok(isLocketError(error))
  assert.equal(error.code, 'config')
  for (const part of [
    `flag --env: ${broken}: line 3: a line must be NAME=VALUE`,
    `flag --env: ${bytes} is not UTF-8 text`,
    'flag --env: there is no file no.env',
    `${names} line 3 D: line 1, column 1: "op://canary" has a part missing`,
    'flag --env T: template file /no/t does not exist',
  ])
    assert.ok(error.message.includes(part), `${part}\n\n${error.message}`)
  assertNoSecret(error.message, ['canary-1', 'canary-2', 'canary-3'])
})

test('the files that an environment comes from are listed, each once', () => {
  const template: EnvEntry = { kind: 'variable', name: 'T', source: { kind: 'file', path: '/t' }, origin: '' }
  assert.deepEqual(environmentFiles([file('.env'), inline('A', '1'), template, file('.env')]), ['.env', '/t'])
})

test('values become strings unchanged; a NUL byte or bytes that are not text are an error', async () => {
  const [a, b, c] = await prepare([inline('A', ''), inline('B', ''), inline('C', '')])
  assert.ok(a !== undefined && b !== undefined && c !== undefined)
  const good = '\ufeff ü "\'$#\n\r\x7f\u{1f600} '
  assert.deepEqual(
    [
      ...environmentOf([
        [a, Secret.fromText(good)],
        [b, Secret.fromText('')],
      ]),
    ],
    [
      ['A', good],
      ['B', ''],
    ],
  )
  assert.throws(
    () =>
      environmentOf([
        [a, Secret.fromText('canary\0')],
        [b, Secret.fromText('good')],
        [c, new Secret(Uint8Array.from([0xff]))],
      ]),
    (error) =>
      isLocketError(error) &&
      error.code === 'unfit_value' &&
      /^flag --env A: the value holds a NUL byte, which no environment can \(.*\); flag --env C: the value is not UTF-8 text, as an environment has to be \(.* encode it: .*\)$/.test(
        error.message,
      ),
  )
})
