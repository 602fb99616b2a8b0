import { isElf, PT_LOAD, readSegments, type Segment } from './elf.ts'
import { icuDataOf, icuDataWith, isKept } from './icu.ts'

const PT_NOTE = 4
const PT_PHDR = 6

/**
 * A copy of Node's executable with English alone in its ICU. The rest of that data is cut out of the file.
 * Everything else stays at its address: the segment becomes two, and what was cut has no memory. Throws when
 * the executable is made in another way.
 */
export function withEnglishOnly(executable: Buffer): Buffer {
  if (!isElf(executable)) throw new Error('not a 64-bit little-endian ELF file')
  const data = icuDataOf(executable)
  const less = icuDataWith({ header: data.header, items: data.items.filter(({ name }) => isKept(name)) })
  const home = readSegments(executable).find(
    (it) => it.type === PT_LOAD && it.offset <= data.start && data.start < it.offset + it.size,
  )
  if (home === undefined) throw new Error("no segment holds ICU's data")
  const page = Number(executable.readBigUInt64LE(home.header + 48))
  const from = Math.ceil((data.start + less.length) / page) * page
  const to = Math.floor((data.start + data.length) / page) * page
  if (from >= to) throw new Error("ICU's data has nothing to cut")
  const elf = Buffer.from(executable)
  elf.fill(0, data.start, data.start + data.length)
  less.copy(elf, data.start)
  cutSegment(elf, home, from, to)
  return Buffer.concat([elf.subarray(0, from), elf.subarray(to)])
}

/**
 * Writes the program headers of a file that lacks the bytes between `from` and `to`. The table has no room
 * for one more: the segment's second half takes the place of the notes, which only debuggers read.
 */
function cutSegment(elf: Buffer, home: Segment, from: number, to: number): void {
  const table = Number(elf.readBigUInt64LE(32))
  const size = elf.readUInt16LE(54)
  const segments = readSegments(elf)
  if (segments[0]?.type !== PT_PHDR || table + segments.length * size > home.offset)
    throw new Error('the program headers are in another place')
  const bytes = (it: Segment): Buffer => Buffer.from(elf.subarray(it.header, it.header + size))
  const headers = segments.flatMap((it) => {
    const header = bytes(it)
    if (it.offset >= to) header.writeBigUInt64LE(BigInt(it.offset - (to - from)), 8)
    if (it.type === PT_LOAD && it.header === home.header) {
      const rest = bytes(it)
      place(header, it, it.offset, from)
      place(rest, it, to, it.offset + it.size)
      rest.writeBigUInt64LE(BigInt(from), 8)
      return [header, rest]
    }
    return [header]
  })
  const note = headers.findIndex((header) => header.readUInt32LE(0) === PT_NOTE)
  if (note === -1) throw new Error('no program header to spare')
  headers.splice(note, 1)
  Buffer.concat(headers).copy(elf, table)
}

/** Makes the header that of the segment's part between two offsets. */
function place(header: Buffer, segment: Segment, from: number, to: number): void {
  const address = segment.address + BigInt(from - segment.offset)
  header.writeBigUInt64LE(BigInt(from), 8)
  header.writeBigUInt64LE(address, 16)
  header.writeBigUInt64LE(address, 24)
  header.writeBigUInt64LE(BigInt(to - from), 32)
  header.writeBigUInt64LE(BigInt(to - from), 40)
}
