import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packedPage } from './packed-page.ts'
import { readSent } from './session/forms.ts'

/** Some times the length that a server accepts, so that time that grows by its square is seen. */
const LONG = 100_000

function tookMs(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

test('a long header of a stranger does not keep the broker busy', () => {
  const accepts = [
    `gzip;q=0.${'1'.repeat(LONG)}x`,
    `gzip${' '.repeat(LONG)}x`,
    `gzip;q=0.${'0'.repeat(LONG)}`,
  ]
  for (const one of accepts) {
    const ms = tookMs(() => void packedPage('x'.repeat(2000), { method: 'GET', accepts: one }))
    assert.ok(ms < 20_000, `${one.slice(0, 12)}: ${ms} ms`)
  }
  const ms = tookMs(() =>
    assert.throws(() => readSent(`a${' '.repeat(LONG)}b`, new Uint8Array()), /not the form/),
  )
  assert.ok(ms < 20_000, `content-type: ${ms} ms`)
})

test('a page is packed for whoever takes gzip, with any weight but none', async () => {
  const text = 'x'.repeat(2000)
  const isPacked = async (accepts: string): Promise<boolean> =>
    'content-encoding' in (await packedPage(text, { method: 'GET', accepts })).headers
  for (const one of ['gzip', 'br, GZIP', 'gzip;q=1.0', 'gzip ; q=0.05 , br', 'br,gzip;q=0.5'])
    assert.equal(await isPacked(one), true, one)
  for (const one of ['', 'br', 'xgzip', 'gzip x', 'gzip;q=0', 'gzip;q=0.000', 'gzip;level=1'])
    assert.equal(await isPacked(one), false, one)
})
