import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { errnoOf } from '../../../core/vocabulary/errors.ts'
import { abortError } from '../http/http-errors.ts'
import { providerError } from '../provider-error.ts'

/** A program of the machine that a provider asks. */
interface ProgramCall {
  /** The name of the instance, for messages. */
  readonly provider: string
  /** The name on the PATH, or an absolute path. */
  readonly program: string
  readonly args: readonly string[]
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>
  /** Its standard input, which the caller must wipe. */
  readonly input?: Uint8Array
  /** The largest standard output in bytes. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** The package that brings the program, for the hint. */
  readonly from: string
}

/** The end of a program. */
interface ProgramEnd {
  /** The exit code, or -1 if a signal ended it. */
  readonly code: number
  /** The standard output, which the caller must wipe. */
  readonly output: Uint8Array
  /** The beginning of standard error. It may hold anything: it is only matched, and never repeated. */
  readonly complaint: string
}

const MAX_COMPLAINT = 8192

/** The variables that programs need to find other programs, their files and the user's agents. */
const USUAL = ['HOME', 'LANG', 'LC_ALL', 'PATH', 'TMPDIR', 'TZ', 'USER', 'XDG_CONFIG_HOME', 'XDG_RUNTIME_DIR']

/** Returns the usual variables of an environment, and the named ones. */
export function programEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[] = [],
): Record<string, string> {
  return Object.fromEntries(
    [...USUAL, ...names].flatMap((name) => {
      const value = env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/**
 * Runs a program to its end. No value is on its command line. Rejects with `config` if the program is not
 * there, with `too_large`, and with `timeout` or `aborted` when the signal ends it by SIGKILL.
 */
export async function runProgram(call: ProgramCall): Promise<ProgramEnd> {
  const { provider, program, args, env, input, signal } = call
  if (signal.aborted) throw abortError(`${provider}: ${program}`, signal.reason)
  const child = spawn(program, [...args], { env, stdio: 'pipe', windowsHide: true })
  const kill = (): void => {
    child.kill('SIGKILL')
    // Processes that the program has started may hold the other ends open.
    child.stdout.destroy()
    child.stderr.destroy()
  }
  signal.addEventListener('abort', kill, { once: true })
  const ended = Promise.withResolvers<number>()
  child.once('error', ended.reject)
  child.once('exit', (code) => ended.resolve(code ?? -1))
  // A program that does not read its input closes it.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const reading = gather(child, call.maxBytes, kill)
  try {
    const [code, { output, complaint, isTooLarge }] = await Promise.all([ended.promise, reading])
    if (signal.aborted || isTooLarge) output.fill(0)
    if (signal.aborted) throw abortError(`${provider}: ${program}`, signal.reason)
    if (isTooLarge)
      throw providerError('too_large', `${provider}: ${program} wrote more than ${call.maxBytes} bytes`)
    return { code, output, complaint }
  } catch (thrown) {
    throw notStarted(thrown, call)
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

interface Gathered {
  readonly output: Uint8Array
  readonly complaint: string
  readonly isTooLarge: boolean
}

async function gather(
  { stdout, stderr }: ChildProcessWithoutNullStreams,
  maxBytes: number,
  kill: () => void,
): Promise<Gathered> {
  const chunks: Buffer[] = []
  let size = 0
  let complaint = ''
  stdout.on('data', (chunk: Buffer) => {
    size += chunk.byteLength
    if (size > maxBytes) {
      chunk.fill(0)
      kill()
    } else chunks.push(chunk)
  })
  stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < MAX_COMPLAINT) complaint += chunk.toString('latin1').slice(0, MAX_COMPLAINT)
    chunk.fill(0)
  })
  await Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.once('close', resolve))))
  const output = new Uint8Array(Buffer.concat(chunks))
  for (const chunk of chunks) chunk.fill(0)
  return { output, complaint, isTooLarge: size > maxBytes }
}

function notStarted(thrown: unknown, { provider, program, from }: ProgramCall): unknown {
  const errno = errnoOf(thrown)
  if (errno === undefined) return thrown
  const says = errno === 'ENOENT' ? 'is not on the PATH' : `cannot be started (${errno})`
  return providerError('config', `${provider}: the program ${program} ${says}`, { hint: `install ${from}` })
}
