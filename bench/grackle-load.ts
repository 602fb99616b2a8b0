import { constants, generateKeyPairSync, publicEncrypt, sign } from 'node:crypto'
import type { BrokerPorts } from '../src/app/broker/ports.ts'
import { createGrackle, type Grackle } from '../src/app/grackle/grackle.ts'
import { createSigningKey, rawPublicKey } from '../src/core/broker/keys.ts'
import { rsaKeyText, SERVER_KEY_BITS } from '../src/core/broker/sealed/rsa.ts'
import { grackleText } from '../src/core/broker/signing/grackle.ts'
import type { RegistryStore } from '../src/core/broker/signing/registry.ts'
import { createNonce } from '../src/core/broker/tokens.ts'
import type { Sent } from './broker-load.ts'

/** A server of grackleclub's protocol for the service `shop`, and requests of its one client. */
export function createGrackleLoad(
  ports: BrokerPorts,
  registry: RegistryStore,
): { readonly served: Grackle; request(name: string): Sent } {
  const [signing, server, own] = [createSigningKey(), newRsaKey(), newRsaKey()]
  const client = { service: 'shop', key: rawPublicKey(signing), cidrs: [] }
  const clientKey = rsaKeyText(own.publicKey)
  const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  return {
    served: createGrackle({
      ...ports,
      serverKey: server.privateKey,
      networks: [],
      ofFile: () => [client],
      registry,
      registryToken: undefined,
    }),
    request(name) {
      const payload = publicEncrypt({ key: server.publicKey, ...oaep }, Buffer.from(name))
      const facts = { clientKey, timestamp: Math.floor(ports.clock.now() / 1000), nonce: createNonce() }
      const signature = sign(null, grackleText(name, facts), signing)
      const body = {
        payload: payload.toString('base64'),
        signature: signature.toString('base64'),
        client_pubkey: clientKey,
        timestamp: facts.timestamp,
        nonce: facts.nonce,
      }
      return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    },
  }
}

function newRsaKey() {
  return generateKeyPairSync('rsa', { modulusLength: SERVER_KEY_BITS })
}
