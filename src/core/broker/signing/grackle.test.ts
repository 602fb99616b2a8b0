import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Secret } from '../../vocabulary/secret.ts'
import { mostRsaBytes, openRsa, readRsaKey, rsaKeyText, sealRsa } from '../sealed/rsa.ts'
import { pemBytes, pemText } from './pem.ts'
import { readRegistryKey, registryKeyText } from './registry.ts'
import { createSigners } from './signers.ts'

/** Made once by a program in Go, with its standard library and fixed keys. */
interface Bytes {
  readonly serverKey: string
  readonly serverText: string
  readonly clientKey: string
  readonly keypub: string
  readonly name: string
  readonly value: string
  readonly answerPayload: string
  readonly request: {
    readonly payload: string
    readonly signature: string
    readonly client_pubkey: string
    readonly timestamp: number
    readonly nonce: string
  }
}

const file = new URL('../../../../test/fixtures/grackle-bytes.json', import.meta.url)
const bytes = JSON.parse(readFileSync(file, 'utf8')) as Bytes
const privateKey = (text: string) =>
  createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' })
const key = readRegistryKey(bytes.keypub)
const request = { ...bytes.request, clientKey: bytes.request.client_pubkey }

function clientsWith(keys: readonly Uint8Array[]) {
  return keys.map((one, index) => ({ service: `s${index}`, key: one, cidrs: [] }))
}

test('the bytes of the example: key, payload, signature, answer', () => {
  const server = privateKey(bytes.serverKey)
  assert.equal(rsaKeyText(server), bytes.serverText)
  assert.equal(openRsa(server, Buffer.from(request.payload, 'base64'))?.toString(), bytes.name)
  assert.ok(key instanceof Uint8Array)
  assert.equal(registryKeyText(key), bytes.keypub)
  const others = [new Uint8Array(32).fill(9), key]
  assert.equal(createSigners().find(clientsWith(others), bytes.name, request)?.service, 's1')
  const own = privateKey(bytes.clientKey)
  assert.equal(openRsa(own, Buffer.from(bytes.answerPayload, 'base64'))?.toString(), bytes.value)
})

test('a value is sealed for the key of the request, and only that key opens it', () => {
  const client = readRsaKey(bytes.request.client_pubkey)
  assert.ok(client !== undefined)
  assert.equal(mostRsaBytes(client), 190)
  const sealed = sealRsa(client, Secret.fromText(bytes.value))
  assert.equal(openRsa(privateKey(bytes.clientKey), sealed)?.toString(), bytes.value)
  assert.equal(openRsa(privateKey(bytes.serverKey), sealed), undefined)
})

test('a signature covers each part of the request', () => {
  assert.ok(key instanceof Uint8Array)
  const find = (name: string, change: Partial<typeof request>) =>
    createSigners().find(clientsWith([key]), name, { ...request, ...change })
  assert.ok(find(bytes.name, {}) !== undefined)
  assert.equal(find('OTHER', {}), undefined)
  assert.equal(find(bytes.name, { clientKey: bytes.serverText }), undefined)
  assert.equal(find(bytes.name, { timestamp: request.timestamp + 1 }), undefined)
  assert.equal(find(bytes.name, { nonce: 'other' }), undefined)
  assert.equal(find(bytes.name, { signature: request.signature.slice(4) }), undefined)
})

test('the client that signed with an RSA key before is found again, until its row is gone', () => {
  assert.ok(key instanceof Uint8Array)
  const signers = createSigners()
  const clients = clientsWith([new Uint8Array(32).fill(9), key])
  assert.equal(signers.find(clients, bytes.name, request)?.service, 's1')
  assert.equal(signers.find(clients, bytes.name, request)?.service, 's1')
  assert.equal(signers.find(clients.slice(0, 1), bytes.name, request), undefined)
})

test('a client key is an RSA key of an allowed size in exactly this PEM', () => {
  const der = pemBytes(bytes.serverText, 'RSA PUBLIC KEY')
  assert.ok(der !== undefined)
  const wrong = [
    '',
    bytes.keypub,
    bytes.serverText.replaceAll('RSA PUBLIC', 'PUBLIC'),
    `x${bytes.serverText}`,
    `${bytes.serverText}x`,
    bytes.serverText.replace('MII', 'M!I'),
    pemText(der.subarray(0, 100), 'RSA PUBLIC KEY'),
    pemText(readRegistryKey(bytes.keypub) as Uint8Array, 'RSA PUBLIC KEY'),
  ]
  for (const text of wrong) assert.equal(readRsaKey(text), undefined, JSON.stringify(text))
  assert.ok(readRsaKey(bytes.serverText.replaceAll('\n', '\r\n')) !== undefined)
})
