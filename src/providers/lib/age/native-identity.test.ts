import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stanza } from './agreement.ts'
import { loadAge } from './age-key.ts'
import { nativeIdentity } from './native-identity.ts'

const newIdentity = async () => (await loadAge()).generateX25519Identity()

/** Returns the stanzas of a file that the age package encrypts for the identities. */
async function stanzasFor(...identities: readonly string[]): Promise<readonly Stanza[]> {
  const age = await loadAge()
  const encrypter = new age.Encrypter()
  for (const identity of identities) encrypter.addRecipient(await age.identityToRecipient(identity))
  const sealed = await encrypter.encrypt('text')
  let stanzas: readonly Stanza[] = []
  const decrypter = new age.Decrypter()
  decrypter.addIdentity({
    unwrapFileKey(found) {
      stanzas = found
      return null
    },
  })
  await assert.rejects(decrypter.decrypt(sealed), /no identity matched/)
  return stanzas
}

test('a file of the age package is opened, whichever of its recipients the identity is', async () => {
  const age = await loadAge()
  const [own, other] = [await newIdentity(), await newIdentity()]
  const encrypter = new age.Encrypter()
  for (const one of [other, own]) encrypter.addRecipient(await age.identityToRecipient(one))
  const decrypter = new age.Decrypter()
  decrypter.addIdentity(nativeIdentity(own))
  assert.equal(await decrypter.decrypt(await encrypter.encrypt('the text'), 'text'), 'the text')
})

test('a file for another identity gives no key, nor does a recipient of another type', async () => {
  const own = nativeIdentity(await newIdentity())
  const stanzas = await stanzasFor(await newIdentity())
  assert.equal(own.unwrapFileKey(stanzas), null)
  assert.equal(own.unwrapFileKey([{ args: ['scrypt', 'x'], body: new Uint8Array(32) }]), null)
})

test('a stanza that no age writes is refused', async () => {
  const text = await newIdentity()
  const [stanza] = await stanzasFor(text)
  assert.ok(stanza !== undefined)
  const { args, body } = stanza
  const [type = '', share = ''] = args
  const zeros = Buffer.alloc(32).toString('base64').replace(/=+$/, '')
  const own = nativeIdentity(text)
  for (const wrong of [
    { args: [type], body },
    { args: [type, share, 'more'], body },
    { args: [type, `${share}=`], body },
    { args: [type, share.slice(1)], body },
    { args: [type, zeros], body },
    { args, body: body.subarray(1) },
  ])
    assert.throws(() => own.unwrapFileKey([wrong]))
  assert.equal(own.unwrapFileKey([stanza])?.length, 16)
})

test('an identity with one other character is misspelt', async () => {
  const text = await newIdentity()
  for (const [at, letter] of text.split('').entries()) {
    const wrong = `${text.slice(0, at)}${letter === 'Q' ? 'P' : 'Q'}${text.slice(at + 1)}`
    assert.throws(() => nativeIdentity(wrong), /misspelt/, wrong)
  }
  for (const wrong of [text.toLowerCase(), text.slice(0, -1), `${text}Q`, 'AGE-SECRET-KEY-1', ''])
    assert.throws(() => nativeIdentity(wrong), /misspelt/)
})
