import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** OWASP's recommendation for argon2id: 19 MiB and two passes, some 80 ms of a core. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const
const SALT_BYTES = 16
const TAG_BYTES = 32

/** Fewest and most characters of a password. */
export const PASSWORD_LENGTH = { least: 12, most: 256 } as const

const FORM =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/

/** Resolves with the hash of a password in the PHC text form, with a new salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const tag = await derive(password, salt, COST)
  const { memory, passes, parallelism } = COST
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}

/**
 * Resolves with true for the password of the hash. Without a hash it takes as long, and resolves with false:
 * the time does not tell whether a person exists.
 */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, memory, passes, parallelism, salt, tag] = FORM.exec(hash ?? '') ?? []
  if (salt === undefined || tag === undefined) {
    await derive(password, randomBytes(SALT_BYTES), COST)
    return false
  }
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  const found = await derive(password, Buffer.from(salt, 'base64'), cost)
  return timingSafeEqual(found, Buffer.from(tag, 'base64'))
}

interface Cost {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

async function derive(password: string, nonce: Uint8Array, cost: Cost): Promise<Buffer> {
  // Two ways to type one letter are one password.
  const message = Buffer.from(password.normalize('NFC'))
  try {
    return await promisify(argon2)('argon2id', { message, nonce, tagLength: TAG_BYTES, ...cost })
  } finally {
    message.fill(0)
  }
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
