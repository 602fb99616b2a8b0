import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadVolume } from './load-volume.ts'
import { problemOf, type Options } from './setting-rows.ts'

const NO_FILE = '/nonexistent/locket.toml'

function daemon(...argv: readonly string[]) {
  return loadVolume(argv, {}, NO_FILE).daemon
}

function refusal(options: Options, by = daemon()): string {
  return problemOf(() => by.volumeConfig(options))
}

const files = (count: number, name = (n: number) => `f${n}`): Options =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`secret.${name(n)}`, 'x']))

test('driver options may ask for a size up to the ceiling, and not for more', () => {
  assert.equal(daemon().volumeConfig({ size: '64M' }).tmpfs.sizeBytes, 64 * 1_048_576)
  assert.equal(refusal({ size: '65M' }), "driver option size is 65M, the operator's max-volume-size is 64M")
  assert.equal(
    refusal({ max_file_size: '1G' }),
    "driver option max_file_size is 1G, the operator's max-volume-file-size is 16M",
  )
  assert.match(refusal({ size: '2M' }, daemon('--max-volume-size=1M', '--size=1M')), /max-volume-size is 1M$/)
})

test("the operator's own size is not limited, and a volume may ask for as much", () => {
  const by = daemon('--size=1G', '--max-file-size=512M')
  assert.equal(by.volumeConfig({}).tmpfs.sizeBytes, 1024 ** 3)
  assert.equal(by.volumeConfig({ size: '1000M' }).tmpfs.sizeBytes, 1000 * 1024 ** 2)
  assert.equal(by.volumeConfig({ 'max-file-size': '512M' }).written.maxFileBytes, 512 * 1024 ** 2)
  assert.match(refusal({ size: '2G' }, by), /max-volume-size is 64M$/)
})

test('files and the folders they are in are counted; those of the operator are not', () => {
  const by = daemon('--max-volume-files=10', ...Array.from({ length: 20 }, (_, n) => `--secret=own${n}=x`))
  assert.equal(by.volumeConfig(files(10)).files.length, 30)
  const many = /ask for 11 files and folders, the operator's max-volume-files is 10$/
  assert.match(refusal(files(11), by), many)
  assert.match(
    refusal(
      files(1, () => 'a/b/c/d/e/f/g/h/i/j/k'),
      by,
    ),
    many,
  )
  assert.match(
    refusal(
      files(5, (n) => `folder${n}/f`),
      daemon('--max-volume-files=9'),
    ),
    /ask for 10 files/,
  )
})

test('a file may be in 32 folders, not in more', () => {
  const nested = (folders: number): Options => ({ [`secret.${'d/'.repeat(folders)}f`]: 'x' })
  assert.equal(daemon().volumeConfig(nested(32)).files.length, 1)
  assert.match(refusal(nested(33)), /the file is in more than 32 folders$/)
  const start = performance.now()
  assert.match(refusal(nested(500_000)), /the file is in more than 32 folders$/)
  assert.ok(performance.now() - start < 2000)
})

test('driver options cannot set a ceiling', () => {
  for (const name of ['size', 'file-size', 'files', 'references', 'rendered-size'])
    assert.match(
      refusal({ [`max-volume-${name}`]: '1' }),
      /is a setting of the daemon, not of a volume: leave it out$/,
    )
})

test('a volume has the ceilings of its content, for the files of its driver options alone', () => {
  const by = daemon('--max-volume-references=7', '--max-volume-rendered-size=1M', '--secret=own=x')
  assert.deepEqual(by.volumeConfig({ 'secret.a': 'x' }).ceilings, {
    references: 7,
    renderedBytes: 1_048_576,
    origins: new Set(['driver option secret.a']),
  })
})
