import { execFileSync, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MAIN } from './program.ts'

/** The embedded store of a test's folder. */
export function secretPaths(folder: string): { readonly file: string; readonly key: string } {
  return { file: join(folder, 'secrets.age'), key: join(folder, 'local.key') }
}

/** `locket secret set`, as a user does it. */
export async function setSecret(folder: string, path: string, value: string): Promise<void> {
  const { file, key } = secretPaths(folder)
  const child = spawn(process.execPath, [MAIN, 'secret', 'set', path, '--stdin'], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { LOCKET_LOCAL_FILE: file, LOCKET_LOCAL_KEY: key },
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdin.end(value)
  const code = await new Promise<number | null>((done) => child.once('exit', done))
  if (code !== 0) throw new Error(`locket secret set ended with ${code}: ${errors}`)
}

/** `count` secrets `PREFIX/secret0…` by one import of a `.env` file. */
export async function setSecrets(folder: string, prefix: string, count: number): Promise<void> {
  const file = join(folder, 'many.env')
  await writeFile(
    file,
    Array.from({ length: count }, (_, n) => `secret${n}=value-${n}-${'x'.repeat(20)}\n`).join(''),
  )
  execFileSync(process.execPath, [MAIN, 'secret', 'import', file, '--prefix', `${prefix}/`], {
    env: { LOCKET_LOCAL_FILE: join(folder, 'secrets.age'), LOCKET_LOCAL_KEY: join(folder, 'local.key') },
  })
}
