/**
 * The data of ICU inside Node's executable: languages, scripts and encodings. They are a quarter of it, and
 * locket speaks English in UTF-8.
 */

/** One table of the data. */
interface Item {
  /** Its path: `icudt78l/curr/de.res`. */
  readonly name: string
  readonly bytes: Buffer
}

interface IcuData {
  /** Where it begins in the executable. */
  readonly start: number
  readonly length: number
  /** The bytes before the table of contents: version, byte order, copyright. */
  readonly header: Buffer
  readonly items: readonly Item[]
}

/** The first word of the data. It is twelve bytes behind the beginning, where a mark of two bytes is too. */
const KIND = 'CmnD'
const KIND_AT = 12
const MARK = 0x27da
const ALIGNMENT = 16
const MAX_ITEMS = 20_000

/** Returns ICU's data in an executable. Throws unless it is there exactly once. */
export function icuDataOf(executable: Buffer): IcuData {
  const found: IcuData[] = []
  for (let at = executable.indexOf(KIND); at !== -1; at = executable.indexOf(KIND, at + 1)) {
    const start = at - KIND_AT
    if (start >= 0 && executable.readUInt16LE(start + 2) === MARK) found.push(readData(executable, start))
  }
  const [one, ...others] = found
  if (one === undefined || others.length > 0)
    throw new Error(`ICU's data is in the executable ${found.length} times, not once`)
  return one
}

function readData(executable: Buffer, start: number): IcuData {
  const base = start + executable.readUInt16LE(start)
  const count = executable.readUInt32LE(base)
  if (count === 0 || count > MAX_ITEMS) throw new Error("the table of ICU's data has another format now")
  const entries = Array.from({ length: count }, (_, index) => {
    const name = base + executable.readUInt32LE(base + 4 + index * 8)
    const end = executable.indexOf(0, name)
    return {
      name: executable.toString('latin1', name, end),
      at: base + executable.readUInt32LE(base + 8 + index * 8),
    }
  })
  const last = entries.at(-1)
  if (last === undefined) throw new Error("ICU's data is empty")
  // Nothing says how long the last item is. It stays whole up to here, and is a small one that is not kept.
  const items = entries.map(({ name, at }, index) => ({
    name,
    bytes: executable.subarray(at, entries[index + 1]?.at ?? at),
  }))
  return { start, length: last.at - start, header: executable.subarray(start, base), items }
}

/** A language, as resources are named: `de`, `zh_Hant_TW`, `ast`. Other names have longer words. */
const LANGUAGE = /^(?!res_index$)[a-z]{2,3}(_\w+)?$/
const KEPT_LANGUAGES = new Set(['en', 'en_001', 'en_US', 'en_US_POSIX'])
/** Encodings that the program reads beside UTF-8, which needs no table: windows-1252, also called latin1. */
const KEPT_ENCODINGS = new Set(['ibm-5348_P100-1997.cnv'])

/** Whether the program can come to need this item. Node's own build with a small ICU keeps much the same. */
export function isKept(name: string): boolean {
  const [, folder = '', file = ''] = /^[^/]+\/(?:(\w+)\/)?([^/]+)$/.exec(name) ?? []
  if (folder === 'translit' || file === 'unames.icu') return false
  const [, stem = '', kind = ''] = /^(.+)\.(\w+)$/.exec(file) ?? []
  if (kind === 'dict') return false
  if (kind === 'cnv') return KEPT_ENCODINGS.has(file)
  return kind !== 'res' || KEPT_LANGUAGES.has(stem) || !LANGUAGE.test(stem)
}

/** Its name is behind all others. */
const END: Item = { name: '~end', bytes: Buffer.alloc(0) }

/**
 * Returns the same data with the kept items alone, in their order, which is that of their names. An empty one
 * ends them: ICU does not know the length of the last item, and V8 then refuses every time zone.
 */
export function icuDataWith({ header, items: kept }: Pick<IcuData, 'header' | 'items'>): Buffer {
  const items = [...kept, END]
  const names = items.map(({ name }) => Buffer.from(`${name}\0`, 'latin1'))
  const table = Buffer.alloc(4 + items.length * 8)
  table.writeUInt32LE(items.length, 0)
  let at = table.length
  for (const [index, name] of names.entries()) {
    table.writeUInt32LE(at, 4 + index * 8)
    at += name.length
  }
  const parts: Buffer[] = [header, table, ...names]
  for (const [index, { bytes }] of items.entries()) {
    const padding = (ALIGNMENT - ((header.length + at) % ALIGNMENT)) % ALIGNMENT
    table.writeUInt32LE(at + padding, 8 + index * 8)
    parts.push(Buffer.alloc(padding), bytes)
    at += padding + bytes.length
  }
  return Buffer.concat(parts)
}
