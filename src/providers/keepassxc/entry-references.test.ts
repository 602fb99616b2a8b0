import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withReferences } from './entry-references.ts'
import type { ExportedEntry } from './export.ts'

const OWN = '0123456789abcdef0123456789abcdef'
const LOOP = 'ffffffffffffffffffffffffffffffff'
const ENTRIES: readonly ExportedEntry[] = [
  {
    id: OWN,
    path: ['owner'],
    fields: new Map([
      ['Title', 'owner'],
      ['UserName', 'someone'],
      ['Password', 'canary-9f2c$&'],
      ['URL', `https://{REF:U@I:${OWN}}.example`],
    ]),
  },
  { id: LOOP, path: ['loop'], fields: new Map([['Password', `a{REF:P@I:${LOOP}}`.repeat(4)]]) },
]

test('references by the id of an entry are replaced, those in a referred value too', () => {
  for (const [value, expected] of [
    [`{REF:P@I:${OWN.toUpperCase()}}`, 'canary-9f2c$&'],
    [`{ref:u@i:${OWN}}/{REF:T@I:${OWN}}`, 'someone/owner'],
    [`{REF:A@I:${OWN}}`, 'https://someone.example'],
    [`{REF:N@I:${OWN}}`, ''],
    ['{USERNAME}{S:key}{REF}{REF:P}{{ref://x}}', '{USERNAME}{S:key}{REF}{REF:P}{{ref://x}}'],
  ] as const)
    assert.equal(withReferences(value, ENTRIES, 'keepassxc: entry a'), expected)
})

test('a reference that cannot be followed is an error without the value', () => {
  for (const [value, reason] of [
    ['canary-9f2c{REF:P@I:00}', /^keepassxc: entry a refers to an entry that is not there/],
    ['canary-9f2c{REF:P@T:owner}', /^keepassxc: entry a refers to another entry by a word of it/],
    [`{REF:P@I:${LOOP}}`, /^keepassxc: entry a leads to more than 100 references/],
  ] as const)
    assert.throws(
      () => withReferences(value, ENTRIES, 'keepassxc: entry a'),
      ({ message }: Error) => reason.test(message) && !message.includes('canary'),
    )
})
