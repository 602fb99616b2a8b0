import { fork, spawn, type ChildProcess } from 'node:child_process'
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { MAIN } from '../support/program.ts'
import { END, type BatchCall } from './batch.ts'
import type { Setting, Slip } from './slip.ts'

/** The end of a command. */
export interface Said {
  readonly code: number | null
  /** Standard output and error. */
  readonly text: string
}

/** Runs rows: most of them one after the other in one process, which Dispose ends. */
export interface SlipRunner extends Disposable {
  /** `folder` exists and is empty. `base`: variables of every row. */
  run(slip: Slip, folder: string, base: Readonly<Record<string, string>>): Promise<Said>
}

/** Writes the files of a row into its folder. */
export async function prepare({ files = {}, uid }: Setting, folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const [name, given] of Object.entries(files)) {
    const path = join(folder, name)
    const [content, mode = 0o600] = Array.isArray(given) ? (given as [string, number]) : [given as string]
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, typeof content === 'string' ? inFolder(content, folder) : content)
    await chmod(path, mode)
  }
  if (uid !== undefined) await chown(folder, uid, uid)
}

/** Returns the text with the path of the row's folder. */
export function inFolder(text: string, folder: string): string {
  return text.replaceAll('FOLDER', folder)
}

export function openSlipRunner(): SlipRunner {
  const batch = fork(new URL('batch.ts', import.meta.url).pathname, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  return {
    async run(slip, folder, base) {
      await prepare(slip, folder)
      const given = Object.entries({ ...base, ...slip.env })
      const call: BatchCall = {
        argv: slip.run.map((word) => inFolder(word, folder)),
        cwd: folder,
        env: Object.fromEntries(given.map(([name, value]) => [name, inFolder(value, folder)])),
      }
      const isAlone = slip.input !== undefined || slip.uid !== undefined
      const said = isAlone ? await runAlone(call, slip) : await runInBatch(batch, call)
      return { ...said, text: said.text.replaceAll(folder, 'FOLDER') }
    },
    [Symbol.dispose]() {
      batch.kill('SIGKILL')
    },
  }
}

async function runInBatch(batch: ChildProcess, call: BatchCall): Promise<Said> {
  const code = new Promise<number>((resolve) => batch.once('message', resolve))
  const texts = [batch.stdout, batch.stderr].map(
    (stream) =>
      new Promise<string>((resolve) => {
        let text = ''
        const hear = (chunk: Buffer): void => {
          text += chunk.toString()
          if (!text.endsWith(END)) return
          stream?.off('data', hear)
          resolve(text.slice(0, -END.length))
        }
        stream?.on('data', hear)
      }),
  )
  batch.send(call)
  return { code: await code, text: (await Promise.all(texts)).join('') }
}

function runAlone({ argv, cwd, env }: BatchCall, { input = '', uid }: Setting): Promise<Said> {
  const { promise, resolve, reject } = Promise.withResolvers<Said>()
  const child = spawn(process.execPath, ['--', MAIN, ...argv], {
    cwd,
    env: { ...env, NODE_COMPILE_CACHE: join(tmpdir(), 'locket-compile-cache') },
    timeout: 30_000,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stdin.on('error', () => undefined)
  child.once('error', reject)
  child.once('close', (code) => resolve({ code, text }))
  child.stdin.end(input)
  return promise
}
