import { generateKeyPair, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SERVER_KEY_BITS } from '../../../core/broker/sealed/rsa.ts'
import { createToken } from '../../../core/broker/tokens.ts'
import { readKey, readOrMake } from '../identity.ts'

/** The secret files of grackleclub's protocol in the broker's state folder. */
const FILES = { serverKey: 'grackle-key.pem', token: 'grackle-token' } as const

const generate = promisify(generateKeyPair)

/** Reads the RSA key in the folder, or makes it. Rejects with `io`, and with `config` for a damaged file. */
export async function openGrackleKey(folder: string): Promise<KeyObject> {
  const path = join(folder, FILES.serverKey)
  const make = async () =>
    (await generate('rsa', { modulusLength: SERVER_KEY_BITS })).privateKey.export({
      format: 'pem',
      type: 'pkcs8',
    })
  return readKey(await readOrMake(path, make), path, 'rsa')
}

/** Reads the token of the registry's API, or makes it. Rejects as `openGrackleKey` does. */
export async function openGrackleToken(folder: string): Promise<string> {
  return (await readOrMake(join(folder, FILES.token), () => `${createToken('lg')}\n`)).trim()
}
