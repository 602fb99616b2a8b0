import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { unzipSync } from 'fflate'
import { versionKeyOf } from '../../../src/core/broker/keys.ts'
import { createFingerprints } from '../../../src/core/vocabulary/fingerprint.ts'
import { Secret } from '../../../src/core/vocabulary/secret.ts'
import { locket } from '../../../src/providers/locket/locket.ts'
import { FIXTURE_KEY, startBrokerService, type BrokerService } from '../../fixtures/servers/broker.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { CANARY } from '../provider/provider-attempt.ts'
import { serviceKnobs, type Backend, type ProviderSubject } from '../provider/provider-backend.ts'

const ADMIN = { actor: 'admin', address: '' }

export const subject: ProviderSubject = {
  def: locket,
  firstVersion: versionOf('shop/a', CANARY),
  start: async (t) => (await startBackend(t)).backend,
  foreign: ['locket:shop', 'lockets://shop/db', 'op://vault/item/field', ' locket://shop/db'],
  malformed: [
    'locket:/shop/db',
    'locket://',
    'locket://shop',
    'locket://shop/',
    'locket:///db',
    'locket://shop/db/',
    'locket://shop/db/a/b',
    'locket://sh op/db',
    'locket://../db',
    'locket://shop/db/100%',
    'locket://shop/db/a%0Ab',
    'locket://shop/*',
  ],
  spellings: [
    ['locket://shop/db', 'LOCKET://shop/db'],
    ['locket://Shop/db'],
    ['locket://shop/db/a b', 'locket://shop/db/a%20b'],
    ['locket://shop/db/a%2Fb', 'locket://shop/db/a%2fb'],
    ['locket://shop/db/*'],
    ['locket://shop/db/%2A', 'locket://shop/db/%2a'],
  ],
  required: [],
  lacks: { expire: 'each request is signed, so there is no token' },
}

/** A broker with one machine that may read the project `shop`, and the machine's identity in a folder. */
export async function startBackend(
  t: TestContext,
): Promise<{ service: BrokerService; backend: Backend; folder: string }> {
  const folder = await temporaryFolder(t)
  const service = await startBrokerService(folder)
  t.after(() => service[Symbol.asyncDispose]())
  const { broker, values, knobs } = service
  knobs.errorText = CANARY
  await store('gone', undefined)
  const first = await identityOf('first')
  await identityOf('second', 'disabled')
  const path = join(folder, 'identity.json')
  await symlink(first, path)

  async function store(
    name: string,
    value: Uint8Array | undefined,
    reference = `memory://${name}`,
  ): Promise<string> {
    if (value !== undefined) values.set(reference.slice('memory://'.length), value)
    await broker.catalog.add(ADMIN, { project: 'shop', name, reference })
    for (const { name: machine } of await broker.machines.list())
      await broker.catalog.grant(ADMIN, machine, { project: 'shop', name })
    return `locket://shop/${name}`
  }

  /** Writes the identity of a new machine, and resolves with the path of its file. */
  async function identityOf(name: string, state?: 'disabled'): Promise<string> {
    const order = {
      name,
      grants: [{ project: 'shop', name: 'gone' }],
      cidrs: [],
      how: 'bundle',
      needsApproval: false,
    } as const
    const { token } = await broker.machines.add(ADMIN, order)
    const files = unzipSync(await broker.machines.download(ADMIN, token))
    const identity = JSON.parse(Buffer.from(files['identity.json'] ?? []).toString()) as Record<
      string,
      unknown
    >
    await writeFile(join(folder, `${name}.pem`), files['private.pem'] ?? '', { mode: 0o600 })
    const file = join(folder, `${name}.json`)
    await writeFile(file, JSON.stringify({ ...identity, privateKeyPath: `${name}.pem` }))
    if (state !== undefined) await broker.machines.setState(ADMIN, name, state)
    return file
  }

  const settings = { identity: path }
  const backend: Backend = {
    settings,
    put: (name, value) => store(name, value),
    putAll: async (fields) => `${await store('all', packed(fields), 'memory://all/*')}/*`,
    missing: 'locket://shop/gone',
    canaries: ['BEGIN PRIVATE KEY'],
    knobs: {
      async badCredential() {
        return { identity: join(folder, 'second.json') }
      },
      async lateCredential() {
        const late = join(folder, 'late', 'identity.json')
        return {
          settings: { identity: late },
          path: late,
          async provide() {
            await mkdir(join(folder, 'late'))
            for (const file of ['first.json', 'first.pem'])
              await symlink(
                join(folder, file),
                join(folder, 'late', file === 'first.json' ? 'identity.json' : file),
              )
          },
        }
      },
      async rotateCredential() {
        await broker.machines.setState(ADMIN, 'first', 'disabled')
        await broker.machines.setState(ADMIN, 'second', 'enabled')
        await symlink('second.json', join(folder, 'next'))
        await rename(join(folder, 'next'), path)
      },
      async forbid(reference) {
        const [project = '', name = ''] = reference.slice('locket://'.length).split('/')
        for (const { name: machine } of await broker.machines.list())
          await broker.catalog.revoke(ADMIN, machine, { project, name })
      },
      ...serviceKnobs(service),
      limit: (count) => ({ ...settings, maxConcurrent: String(count) }),
    },
  }
  return { service, backend, folder }
}

/** As `packFields`, and without its limit: a broker of another version could send more. */
function packed(fields: Readonly<Record<string, string>>): Uint8Array {
  const parts = Object.entries(fields).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)])
  // A slice of a Buffer would share its bytes, which their reader wipes.
  return new Uint8Array(Buffer.concat(parts.flatMap((part) => [lengthOf(part), part])))
}

function lengthOf(part: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(part.byteLength)
  return length
}

/** The version that the fixture gives a value: it follows from its key, the reference and the value. */
function versionOf(reference: string, value: string): string {
  return createFingerprints(versionKeyOf(FIXTURE_KEY)).of([[reference, Secret.fromText(value)]])
}
