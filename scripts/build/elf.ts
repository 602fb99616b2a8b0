/** The parts of ELF that this file needs: 64 bit, little endian, as on x64 and arm64. */
export const PT_LOAD = 1
const PT_DYNAMIC = 2
const DT_NULL = 0n
const DT_NEEDED = 1n
const DT_STRTAB = 5n
const DT_STRSZ = 10n
const DT_RUNPATH = 29n
const DYNAMIC_ENTRY = 16
const MACHINES: Readonly<Record<number, string>> = { 62: 'x64', 183: 'arm64' }

export interface Segment {
  /** The offset of its program header in the file. */
  readonly header: number
  readonly type: number
  readonly offset: number
  readonly address: bigint
  readonly size: number
  readonly memorySize: number
}

/**
 * A copy of an executable that looks for its libraries in `runpath` first and carries no symbols for
 * debuggers. A library path in the environment would reach every child process; one inside the file reaches
 * nobody else. Throws when the file has no room for it.
 */
export function withRunpath(executable: Buffer, runpath: string): Buffer {
  if (!isElf(executable)) throw new Error('not a 64-bit little-endian ELF file')
  const segments = readSegments(executable)
  const elf = Buffer.from(executable.subarray(0, Math.max(...segments.map((it) => it.offset + it.size))))
  dropSectionTable(elf)
  const dynamic = segments.find((it) => it.type === PT_DYNAMIC)
  if (dynamic === undefined) throw new Error('a static executable has no library path')
  const strtab = dynamicValue(elf, dynamic, DT_STRTAB)
  const address = appendString(elf, segments, strtab.value, runpath)
  elf.writeBigUInt64LE(
    address + BigInt(runpath.length + 1) - strtab.value,
    dynamicValue(elf, dynamic, DT_STRSZ).at + 8,
  )
  addDynamicEntry(elf, dynamic, DT_RUNPATH, address - strtab.value)
  return elf
}

/**
 * A copy of an executable that does not find the environment variables `names`: each name's text is made
 * empty where the program passes it to getenv(3). Programs that it starts inherit the variables unchanged.
 * Throws when a name is not there exactly once.
 */
export function withoutVariables(executable: Buffer, names: readonly string[]): Buffer {
  const elf = Buffer.from(executable)
  for (const name of names) {
    const [at, ...others] = placesOf(elf, name)
    if (at === undefined || others.length > 0)
      throw new Error(
        `${name} is in the executable ${at === undefined ? 0 : 1 + others.length} times, not once`,
      )
    elf[at] = 0
  }
  return elf
}

/**
 * Where a zero byte ends the name. Skips strings of V8's snapshot: their length is in front of them, and only
 * JavaScript sees them.
 */
function placesOf(elf: Buffer, name: string): number[] {
  const text = Buffer.from(`${name}\0`, 'latin1')
  const places: number[] = []
  for (let at = elf.indexOf(text); at !== -1; at = elf.indexOf(text, at + 1))
    if (elf.readUInt32LE(at - 4) !== name.length) places.push(at)
  return places
}

/** The processor that a file is for, and the shared objects it names. Undefined if it is not an ELF file. */
export function requirementsOf(file: Buffer): { arch: string; needed: readonly string[] } | undefined {
  if (!isElf(file)) return undefined
  const arch = MACHINES[file.readUInt16LE(18)] ?? 'unknown'
  const segments = readSegments(file)
  const dynamic = segments.find((it) => it.type === PT_DYNAMIC)
  if (dynamic === undefined) return { arch, needed: [] }
  const strtab = dynamicValue(file, dynamic, DT_STRTAB).value
  const home = homeOf(strtab, segments)
  const strings = home.offset + Number(strtab - home.address)
  const needed: string[] = []
  for (let at = dynamic.offset; file.readBigUInt64LE(at) !== DT_NULL; at += DYNAMIC_ENTRY) {
    if (file.readBigUInt64LE(at) !== DT_NEEDED) continue
    const start = strings + Number(file.readBigUInt64LE(at + 8))
    needed.push(file.toString('latin1', start, file.indexOf(0, start)))
  }
  return { arch, needed }
}

export function isElf(file: Buffer): boolean {
  return file.toString('latin1', 0, 6) === '\x7fELF\x02\x01'
}

export function readSegments(elf: Buffer): Segment[] {
  const table = Number(elf.readBigUInt64LE(32))
  const entrySize = elf.readUInt16LE(54)
  return Array.from({ length: elf.readUInt16LE(56) }, (_, index) => {
    const header = table + index * entrySize
    return {
      header,
      type: elf.readUInt32LE(header),
      offset: Number(elf.readBigUInt64LE(header + 8)),
      address: elf.readBigUInt64LE(header + 16),
      size: Number(elf.readBigUInt64LE(header + 32)),
      memorySize: Number(elf.readBigUInt64LE(header + 40)),
    }
  })
}

/**
 * The loader reads segments only; sections serve linkers and debuggers, and theirs have just been cut off.
 */
function dropSectionTable(elf: Buffer): void {
  elf.writeBigUInt64LE(0n, 40)
  elf.writeUInt16LE(0, 60)
  elf.writeUInt16LE(0, 62)
}

/** Puts the text into the padding behind the segment that holds the dynamic strings; returns its address. */
function appendString(elf: Buffer, segments: readonly Segment[], strtab: bigint, text: string): bigint {
  const home = homeOf(strtab, segments)
  const end = home.offset + home.size
  const next = Math.min(
    ...segments.filter((it) => it.type === PT_LOAD && it.offset >= end).map((it) => it.offset),
  )
  const length = text.length + 1
  if (home.memorySize !== home.size || next - end < length) throw new Error('no padding for a library path')
  elf.write(`${text}\0`, end, 'latin1')
  elf.writeBigUInt64LE(BigInt(home.size + length), home.header + 32)
  elf.writeBigUInt64LE(BigInt(home.size + length), home.header + 40)
  return home.address + BigInt(home.size)
}

function homeOf(address: bigint, segments: readonly Segment[]): Segment {
  const home = segments.find(
    (it) => it.type === PT_LOAD && it.address <= address && address < it.address + BigInt(it.size),
  )
  if (home === undefined) throw new Error('no segment holds the dynamic strings')
  return home
}

/** Linkers leave spare null entries at the end of the table; the last one must stay. */
function addDynamicEntry(elf: Buffer, dynamic: Segment, tag: bigint, value: bigint): void {
  const { at } = dynamicValue(elf, dynamic, DT_NULL)
  if (at + 2 * DYNAMIC_ENTRY > dynamic.offset + dynamic.size) throw new Error('no spare dynamic entry')
  elf.writeBigUInt64LE(tag, at)
  elf.writeBigUInt64LE(value, at + 8)
}

function dynamicValue(elf: Buffer, dynamic: Segment, tag: bigint): { at: number; value: bigint } {
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += DYNAMIC_ENTRY) {
    if (elf.readBigUInt64LE(at) === tag) return { at, value: elf.readBigUInt64LE(at + 8) }
  }
  throw new Error(`no dynamic entry with tag ${tag}`)
}
