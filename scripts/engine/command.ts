import { spawn } from 'node:child_process'

export interface Ran {
  /** 124 when it was killed for taking too long. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly input?: string | Uint8Array
  readonly timeoutMs?: number
}

/** Runs a program to its end. A status other than 0 is an answer, not an error. */
export async function command(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Ran> {
  const start = performance.now()
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  // A program that ends without reading its input closes the pipe: that is its right.
  child.stdin.on('error', () => {})
  child.stdin.end(options.input)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    child.kill('SIGKILL')
  }, options.timeoutMs ?? 60_000)
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status) => resolve(timedOut ? 124 : (status ?? 128)))
    })
    return {
      code,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
      ms: Math.round(performance.now() - start),
    }
  } finally {
    clearTimeout(timer)
  }
}

/** Runs a program that must succeed; its output, trimmed. */
export async function succeed(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const ran = await command(program, args, options)
  if (ran.code !== 0)
    throw new Error(`${program} ${args.join(' ')}: exit ${ran.code}: ${ran.stderr || ran.stdout}`)
  return ran.stdout.trim()
}
