import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsed, settingsOf } from './provider-attempt.ts'
import type { ProviderSubject } from './provider-backend.ts'

/** The pure half of the contract: references and settings. */
export function parsing(subject: ProviderSubject): void {
  const { def } = subject
  const defaults = settingsOf(subject, {})

  test('leaves references of others alone', () => {
    const everywhere = ['', ' ', 'plain text', '.Values.x', 'file:///etc/passwd', 'https://example.com/a/b/c']
    const prefixed = def.schemes.map((scheme) => `x${scheme}://a/b/c`)
    for (const text of [...everywhere, ...prefixed, ...subject.foreign]) {
      assert.equal(def.parse(text, def.kind, defaults), undefined, text)
    }
  })

  test('refuses a malformed reference of its own as ref_syntax', () => {
    assert.ok(subject.malformed.length > 0)
    for (const text of subject.malformed) {
      assert.throws(
        () => def.parse(text, def.kind, defaults),
        { name: 'LocketError', code: 'ref_syntax' },
        text,
      )
    }
  })

  const { noAll } = subject
  if (noAll !== undefined)
    test('refuses by name a reference to all fields', () => {
      const parse = () => def.parse(noAll.text, def.kind, defaults)
      assert.throws(parse, { code: 'ref_syntax', message: noAll.says })
    })

  test('parses purely, and equal secrets have equal ids', () => {
    const owners = new Map<string, number>()
    for (const [group, spellings] of subject.spellings.entries()) {
      for (const text of spellings) {
        const ref = parsed(subject, text)
        assert.deepEqual(parsed(subject, text), ref)
        assert.equal(ref.text, text)
        assert.equal(ref.provider, def.kind)
        assert.equal(ref.id, parsed(subject, spellings[0] ?? text).id, text)
        assert.equal(owners.get(ref.id) ?? group, group, `${text} has the id of another secret`)
        owners.set(ref.id, group)
      }
    }
  })

  test('names each missing setting with its environment variable', () => {
    const lines = def.check(defaults)
    assert.equal(lines.length, subject.required.length, lines.join('; '))
    for (const name of subject.required) {
      const env = Object.values(def.settings.fields).find((field) => field.name === name)?.env
      assert.ok(env !== undefined, `${name} has no environment variable`)
      assert.ok(
        lines.some((line) => line.includes(name) && line.includes(env)),
        `${name}: ${lines.join('; ')}`,
      )
    }
  })
}
