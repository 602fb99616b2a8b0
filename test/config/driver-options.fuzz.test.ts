import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { fieldsOf } from '../../src/settings/field.ts'
import { VOLUME_SECTIONS } from '../../src/config/sections/volume.ts'
import { loadVolume } from './load-volume.ts'
import { isLocketError } from '../../src/core/vocabulary/errors.ts'

const { daemon } = loadVolume(
  ['--managed', '--connect-host=http://own', '--connect-token=file:/etc/locket/t'],
  {},
  '/none',
)
const names = fieldsOf(VOLUME_SECTIONS).map((field) => field.name)

const option = fc.oneof(
  fc.constantFrom(...names, 'secrets'),
  fc.constantFrom(...names).map((name) => name.replaceAll('-', '_')),
  fc.string({ unit: 'binary', maxLength: 20 }).map((name) => `secret.${name}`),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('secret-mode.a', 'secret_user.a', 'secret.a', 'secret-mode.__proto__', 'uid.constructor'),
  fc.constantFrom('__proto__', 'constructor', 'secret.__proto__', 'toString', 'secret.', '.', ''),
)
const path = fc
  .array(fc.constantFrom('etc', 'locket', '..', '.', '', 't', 'state', 'proc', 'a b'), { maxLength: 6 })
  .map((it) => `/${it.join('/')}`)
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  path,
  path.map((it) => `@${it}`),
  path.map((it) => `file:${it}`),
  path.map((it) => `a=@${it},b={{ local://x }}`),
  fc.constantFrom(
    'true',
    '0700',
    '448',
    '10M',
    '1000:1000',
    'op-connect',
    'https://x',
    '{{',
    '25s',
    'a:b:c',
    'rw,exec',
  ),
)

test('any driver options give a configuration or a LocketError, and never leave the roots', () => {
  let accepted = 0
  fc.assert(
    fc.property(fc.array(fc.tuple(option, value), { maxLength: 4 }), (pairs) => {
      const options = Object.fromEntries(pairs)
      try {
        const { files, providers } = daemon.volumeConfig(options)
        accepted += 1
        for (const { source } of files) if (source.kind === 'file') assertInside(source.path)
        const token = providers.find((it) => it.name === 'op-connect')?.settings['token']
        if ('connect-host' in options || 'connect_host' in options) {
          assert.notEqual(JSON.stringify(token), '{"kind":"file","path":"/etc/locket/t"}')
        }
      } catch (thrown) {
        if (!isLocketError(thrown)) throw thrown
        assert.equal(thrown.code, 'config')
        assert.doesNotMatch(thrown.message, /\p{Cc}/u)
      }
    }),
    { numRuns: 4000, seed: 20 },
  )
  assert.ok(accepted > 200, `only ${accepted} were accepted`)
})

function assertInside(path: string): void {
  assert.match(path, /^\/etc\/locket(\/|$)/)
  assert.doesNotMatch(path, /\/\.\.?(\/|$)|\/\/|^\/etc\/locket\/(t|state|secrets\.age|local\.key)(\/|$)/)
}
