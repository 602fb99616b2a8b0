/**
 * Makes `dist/locket/`: one folder with a pinned Node, the bundled program and its native parts; and
 * `dist/packages.json`, the list of the packages in it. With KIND, that provider alone (ADR 0044).
 * `node scripts/build/build.ts [x64|arm64] [OUT] [KIND]`
 */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { bundle } from './bundle.ts'
import { withoutVariables, withRunpath } from './elf.ts'
import { withEnglishOnly } from './less-icu.ts'
import { writeNotices } from './notices.ts'
import { packageFolder, run } from './packages.ts'
import { warmCompileCache } from './compile-cache.ts'

const root = resolve(import.meta.dirname, '../..')
const arch = process.argv[2] ?? process.arch
const out = resolve(process.argv[3] ?? join(root, 'dist'), 'locket')
const kind = process.argv[4]
const cache = join(root, 'build', 'npm')

/**
 * Packages that are not bundled, and the files of theirs that the program needs. Pure JavaScript and
 * WebAssembly: for every processor.
 */
const SHIPPED = { '@1password/sdk': 'dist/*.js', '@1password/sdk-core': 'nodejs/*.{js,wasm}' }

/**
 * Node reads these before it runs any JavaScript. Each can load code or open a debugger in the process that
 * holds the secrets: `--require` and `--inspect`, a folder of compiled code, OpenSSL modules. Users set them
 * for the program that `locket exec` runs.
 */
const NOT_OBEYED = ['NODE_OPTIONS', 'NODE_COMPILE_CACHE', 'OPENSSL_CONF']

if (arch !== 'x64' && arch !== 'arm64') throw new Error(`no build for ${arch}: x64 and arm64 only`)
process.stdout.write(`building ${relative('', out)} for ${arch}: takes some ten seconds\n`)
rmSync(out, { recursive: true, force: true })
for (const folder of ['bin', 'lib']) mkdirSync(join(out, folder), { recursive: true })

const node = packageFolder(root, cache, `node-linux-${arch}`)
const executable = withoutVariables(readFileSync(join(node, 'bin/node')), NOT_OBEYED)
writeFileSync(join(out, 'bin/node'), withEnglishOnly(withRunpath(executable, '$ORIGIN/../lib')), {
  mode: 0o755,
})
run(join(root, 'plugin/shared-objects.sh'), [arch, join(out, 'lib'), 'libatomic.so.1'])
const koffi = copyKoffi()
const bundled = await bundle(root, join(out, 'lib/app'), kind, koffiFor(process.arch).native)
const shipped = kind === undefined || kind === 'op' ? Object.entries(SHIPPED) : []
const packages = [...bundled, ...shipped.map(copyPackage)]
writeNotices(root, node, packages, join(out, 'LICENSES'))
writeFileSync(
  join(out, '../packages.json'),
  `${JSON.stringify([...packages, koffi, `node_modules/node-linux-${arch}`].toSorted(), null, 2)}\n`,
)
for (const name of ['start.cjs', 'start-as.cjs'])
  copyFileSync(join(root, 'plugin', name), join(out, 'lib', name))
copyFileSync(join(root, 'plugin/locket.sh'), join(out, 'bin/locket'))
chmodSync(join(out, 'bin/locket'), 0o755)
if (arch === process.arch) await warmCompileCache(out)

/**
 * Two folders above the bundle is where koffi looks when it has been bundled. Returns its place in the lock
 * file.
 */
function copyKoffi(): string {
  const { name, native } = koffiFor(arch)
  cpSync(native, join(out, 'build/koffi', `linux_${arch}`), { recursive: true })
  return `node_modules/${name}`
}

function koffiFor(processor: string): { readonly name: string; readonly native: string } {
  const name = `@koromix/koffi-linux-${processor}`
  return { name, native: join(packageFolder(root, cache, name), `linux_${processor}`) }
}

/** Into `lib/node_modules`, where the bundle's imports find it; returns its folder below `root`. */
function copyPackage([name, files]: readonly [string, string]): string {
  const folder = packageFolder(root, cache, name)
  for (const path of ['package.json', ...globSync(files, { cwd: folder })]) {
    const copy = join(out, 'lib/node_modules', name, path)
    mkdirSync(dirname(copy), { recursive: true })
    copyFileSync(join(folder, path), copy)
  }
  return relative(root, folder)
}
