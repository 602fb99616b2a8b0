import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { startBroker, type BrokerOptions, type TestBroker } from './broker.ts'
import { temporaryFolder } from './temporary-folder.ts'

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const

/** A client of grackleclub's protocol: its key for signatures and its RSA key. */
export interface GrackleClient {
  readonly signing: KeyObject
  readonly rsa: KeyObject
}

/** The parts of a request that a test can change. `sent` replaces what was signed and encrypted. */
interface GrackleAsked {
  readonly aheadSeconds?: number
  readonly nonce?: string
  readonly clientKey?: string
  readonly sent?: Readonly<Record<string, unknown>>
}

/** An answer of `/locket`. `value` is the decrypted one. */
interface GrackleReply {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly value: string | undefined
}

/** Makes a client. */
export function createClient(bits = 2048): GrackleClient {
  return {
    signing: generateKeyPairSync('ed25519').privateKey,
    rsa: generateKeyPairSync('rsa', { modulusLength: bits }).privateKey,
  }
}

/** A broker with this protocol, whose registry has the client as the service `api`. */
export async function startGrackle(
  t: TestContext,
  client: GrackleClient,
  { args = [], registry, ...options }: Partial<BrokerOptions> & { readonly registry?: string } = {},
): Promise<TestBroker> {
  const folder = options.folder ?? (await temporaryFolder(t))
  mkdirSync(folder, { recursive: true })
  const file = registryFile(folder)
  writeFileSync(file, registry ?? registryRow('api', client))
  const own = ['--compat', 'grackle', '--grackle-registry', file]
  const network = args.includes('--grackle-network') ? [] : ['--grackle-network', '127.0.0.0/8']
  const broker = await startBroker({ ...options, folder, args: [...own, ...network, ...args] })
  t.after(() => broker.stop())
  return broker
}

/** The path of the registry file. */
export function registryFile(folder: string): string {
  return join(folder, 'registry.yml')
}

/** A row of a registry file. `more`: lines for it. */
export function registryRow(name: string, { signing }: Pick<GrackleClient, 'signing'>, more = ''): string {
  const lines = publicText(signing).trimEnd().split('\n')
  return `- name: ${name}\n  keypub: |\n${lines.map((line) => `    ${line}\n`).join('')}${more}`
}

/** The public half of a signing key, as the registry has it. */
export function publicText(signing: KeyObject): string {
  return pem(
    'ED25519 PUBLIC KEY',
    createPublicKey(signing).export({ format: 'der', type: 'spki' }).subarray(-32),
  )
}

/** A signing key as the original's clients read it. */
export function privateText(signing: KeyObject): string {
  return pem('ED25519 PRIVATE KEY', signing.export({ format: 'der', type: 'pkcs8' }).subarray(-32))
}

/** The public half of an RSA key, as clients send it. */
export function rsaText(rsa: KeyObject): string {
  return pem('RSA PUBLIC KEY', createPublicKey(rsa).export({ format: 'der', type: 'spki' }))
}

/** Adds secrets of the service `api` to the broker. Their values are lines of its `.env` file. */
export async function addSecrets(
  broker: TestBroker,
  values: Readonly<Record<string, string>>,
  project = 'api',
): Promise<void> {
  broker.put(values)
  for (const name of Object.keys(values))
    await broker.admin('POST', '/v1/secrets', { project, name, reference: `dotenv://${name}` })
}

/** The body of a request for a secret. */
export async function grackleBody(
  broker: TestBroker,
  client: GrackleClient,
  name: string,
  { aheadSeconds = 0, nonce = randomBytes(16).toString('base64'), ...asked }: GrackleAsked = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { bytes } = await broker.send({ path: '/locket' })
  const der = Buffer.from(bytes.toString().split('\n').slice(1, -2).join(''), 'base64')
  const server = createPublicKey({ key: der, format: 'der', type: 'spki' })
  const timestamp = Math.floor(Date.now() / 1000) + aheadSeconds
  const clientKey = asked.clientKey ?? rsaText(client.rsa)
  const signed = Buffer.from(`${name}\n${clientKey}\n${timestamp}\n${nonce}`)
  return {
    payload: publicEncrypt({ key: server, ...OAEP }, Buffer.from(name)).toString('base64'),
    signature: sign(null, signed, client.signing).toString('base64'),
    client_pubkey: clientKey,
    timestamp,
    nonce,
    ...asked.sent,
  }
}

/** Sends a body. */
export async function sendGrackle(
  broker: TestBroker,
  client: GrackleClient,
  body: string,
): Promise<GrackleReply> {
  const headers = { 'content-type': 'application/json' }
  const {
    status,
    bytes,
    headers: got,
  } = await broker.send({ method: 'POST', path: '/locket', headers }, body)
  const text = bytes.toString()
  const payload = status === 200 ? (JSON.parse(text) as { payload: string }).payload : undefined
  const value =
    payload === undefined
      ? undefined
      : privateDecrypt({ key: client.rsa, ...OAEP }, Buffer.from(payload, 'base64')).toString()
  return { status, text, headers: got, value }
}

/** Asks for a secret. */
export async function askGrackle(
  broker: TestBroker,
  client: GrackleClient,
  name: string,
  asked: GrackleAsked = {},
): Promise<GrackleReply> {
  return await sendGrackle(broker, client, JSON.stringify(await grackleBody(broker, client, name, asked)))
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
