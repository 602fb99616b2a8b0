import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { toOpensshKey } from '../../src/providers/lib/login/openssh-key.ts'
import { idOf } from '../fixtures/servers/connect-data.ts'
import { connected } from '../contract/op-connect/op-connect-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function pemOf(key: KeyObject, type: 'pkcs8' | 'pkcs1' = 'pkcs8'): string {
  return key.export({ type, format: 'pem' })
}

const ed25519 = generateKeyPairSync('ed25519').privateKey
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

/** The public key that ssh-keygen computes for a private key file. */
async function publicOf(folder: string, openssh: string): Promise<string> {
  const file = join(folder, 'id')
  await writeFile(file, openssh, { mode: 0o600 })
  return execFileSync('ssh-keygen', ['-y', '-P', '', '-f', file]).toString().trim()
}

/** The same key computed in another way: ssh-keygen reads the SPKI that node:crypto writes. */
async function expectedPublic(folder: string, key: KeyObject): Promise<string> {
  const file = join(folder, 'public.pem')
  await writeFile(file, createPublicKey(key).export({ type: 'spki', format: 'pem' }))
  return execFileSync('ssh-keygen', ['-i', '-m', 'PKCS8', '-f', file]).toString().trim()
}

test('ssh-keygen reads an RSA key and finds its public key', async (t) => {
  const folder = await temporaryFolder(t)
  for (const pem of [pemOf(rsa), pemOf(rsa, 'pkcs1')]) {
    assert.equal(await publicOf(folder, toOpensshKey(pem) ?? ''), await expectedPublic(folder, rsa))
  }
})

test('ssh-keygen reads Ed25519 keys and finds their public keys', async (t) => {
  const folder = await temporaryFolder(t)
  const jwk = ed25519.export({ format: 'jwk' })
  const blob = Buffer.concat([
    Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1'),
    Buffer.from(jwk.x ?? '', 'base64url'),
  ])
  assert.equal(
    await publicOf(folder, toOpensshKey(pemOf(ed25519)) ?? ''),
    `ssh-ed25519 ${blob.toString('base64')}`,
  )
})

test('a converted key signs, and its signature verifies', async (t) => {
  const folder = await temporaryFolder(t)
  for (const [name, key] of Object.entries({ ed25519, rsa })) {
    const file = join(folder, name)
    await writeFile(file, toOpensshKey(pemOf(key)) ?? '', { mode: 0o600 })
    const line = execFileSync('ssh-keygen', ['-y', '-P', '', '-f', file]).toString()
    await writeFile(join(folder, 'allowed'), `someone ${line}`)
    await writeFile(join(folder, 'letter'), 'hello')
    execFileSync('ssh-keygen', ['-Y', 'sign', '-n', 'file', '-f', file, join(folder, 'letter')], {
      stdio: 'pipe',
    })
    const verify = [
      '-Y',
      'verify',
      '-n',
      'file',
      '-I',
      'someone',
      '-f',
      join(folder, 'allowed'),
      '-s',
      join(folder, 'letter.sig'),
    ]
    assert.match(
      execFileSync('ssh-keygen', verify, { input: 'hello' }).toString(),
      /^Good "file" signature for someone/,
    )
    execFileSync('rm', [join(folder, 'letter.sig')])
  }
})

test('the same key gives the same text, and an OpenSSH key stays as it is', () => {
  const text = toOpensshKey(pemOf(ed25519)) ?? ''
  assert.equal(toOpensshKey(pemOf(ed25519)), text)
  assert.equal(toOpensshKey(text), text)
})

test('a text that is not such a key gives undefined', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const locked = rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  for (const text of ['', 'no key', pemOf(other), locked]) assert.equal(toOpensshKey(text), undefined)
})

test('?ssh-format=openssh converts the key of a Connect item', async (t) => {
  const fields = [
    { id: 'private_key', type: 'SSHKEY', label: 'private key', value: pemOf(ed25519) },
    { id: 'password', label: 'password', value: 'canary-9f2c-value' },
  ]
  const item = { id: idOf(10), title: 'keys', fields }
  const { read, codes } = await connected(t, { vaults: [{ id: idOf(1), name: 'vault', items: [item] }] })
  const [openssh, pkcs8] = await read(
    'op://vault/keys/private key?ssh-format=openssh',
    'op://vault/keys/private key',
  )
  assert.equal(openssh, toOpensshKey(pemOf(ed25519)))
  assert.equal(pkcs8, pemOf(ed25519))
  assert.deepEqual(await codes('op://vault/keys/password?ssh-format=openssh'), ['filter_failed'])
})
