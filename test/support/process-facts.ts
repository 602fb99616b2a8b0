import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { until } from '../../scripts/engine/until.ts'

/** The facts that a process has from the one that started it, as the kernel shows them. */
export interface ProcessFacts {
  /** Lines of /proc/PID/status: signals, threads, rights, umask. */
  readonly status: readonly string[]
  /** The open descriptors, each with its kind and its flags. */
  readonly descriptors: Readonly<Record<string, string>>
  /** Lines of /proc/PID/limits. */
  readonly limits: readonly string[]
  /** The IDs of its child processes. */
  readonly children: string
  readonly workingDirectory: string
}

const STATUS =
  /^(Umask|Uid|Gid|Groups|Threads|SigPnd|ShdPnd|SigBlk|SigIgn|SigCgt|Cap\w+|NoNewPrivs|Seccomp\w*):/

export function processFacts(pid: number): ProcessFacts {
  const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8')
  const descriptors = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    const kind = readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/:\[\d+\]$/, '')
    const flags = /^flags:\s*(\d+)/m.exec(read(`fdinfo/${fd}`))?.[1]
    return [fd, `${kind} ${flags}`] as const
  })
  return {
    status: read('status')
      .split('\n')
      .filter((line) => STATUS.test(line)),
    descriptors: Object.fromEntries(descriptors),
    limits: read('limits').split('\n'),
    children: read(`task/${pid}/children`),
    workingDirectory: readlinkSync(`/proc/${pid}/cwd`),
  }
}

/** Waits until the process runs the program `sleep`, and has loaded it. */
export async function untilAsleep(pid: number): Promise<void> {
  await until(`process ${pid} sleeps`, () =>
    /^Name:\s+sleep\n[^]*^State:\s+S/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
  )
}

/** Where a text is in the memory of a process: in its first environment, or elsewhere. */
export function findInMemory(
  pid: number,
  text: string,
): { readonly inside: number; readonly outside: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // env_start and env_end are the fields 50 and 51 of proc(5). The third one is the first here.
  const [start, end] = [Number(fields[47]), Number(fields[48])]
  const found = readableRegions(pid).flatMap(([from, bytes]) =>
    positionsOf(text, bytes).map((at) => from + at),
  )
  const inside = found.filter((at) => at >= start && at < end).length
  return { inside, outside: found.length - inside }
}

function readableRegions(pid: number): (readonly [from: number, bytes: Buffer])[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    return lines.flatMap((line) => {
      const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) r.*(?<!\[v\w+\])$/.exec(line) ?? []
      if (from === '') return []
      const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)]
      const bytes = Buffer.alloc(end - start)
      return [[start, bytes.subarray(0, readAt(memory, bytes, start))] as const]
    })
  } finally {
    closeSync(memory)
  }
}

/** Returns how many bytes were read: 0 if the process has given the region back since its maps were read. */
function readAt(memory: number, bytes: Buffer, start: number): number {
  try {
    return readSync(memory, bytes, 0, bytes.length, start)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EIO') return 0
    throw thrown
  }
}

function positionsOf(text: string, bytes: Buffer): number[] {
  const found: number[] = []
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) found.push(at)
  return found
}
