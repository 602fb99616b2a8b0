/** One entry of a database. */
export interface ExportedEntry {
  /** The id in 32 hexadecimal digits, in lower case. References of other entries name it. */
  readonly id: string
  /** The groups below the root and the title. */
  readonly path: readonly string[]
  /** The attributes by name, `Title` and `Password` among them. */
  readonly fields: ReadonlyMap<string, string>
}

interface Element {
  readonly name: string
  text: string
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/**
 * Reads the XML of `keepassxc-cli export`. Old versions of entries and the entries of the recycle bin are
 * left out. Returns undefined for a text that is not such an export. Line ends are kept, which a parser of
 * XML would change: the program writes a carriage return as it is.
 */
export function parseExport(xml: string): readonly ExportedEntry[] | undefined {
  const open: Element[] = []
  const groups: { name: string; isBin: boolean }[] = []
  const entries: ExportedEntry[] = []
  let fields = new Map<string, string>()
  let id = ''
  let key = ''
  let bin = ''
  let isComplete = false

  function end({ name, text }: Element): void {
    const above = open.at(-1)?.name
    const isOld = open.some((element) => element.name === 'History')
    const group = groups.at(-1)
    if (name === 'RecycleBinUUID') bin = text
    else if (name === 'Name' && above === 'Group' && group !== undefined) group.name = text
    else if (name === 'UUID' && above === 'Group' && group !== undefined)
      group.isBin = text === bin && !/^A+=*$/.test(bin)
    else if (name === 'UUID' && above === 'Entry' && !isOld) id = Buffer.from(text, 'base64').toString('hex')
    else if (name === 'Key' && above === 'String') key = text
    else if (name === 'Value' && above === 'String' && !isOld) fields.set(key, text)
    else if (name === 'Group') groups.pop()
    else if (name === 'Entry' && !isOld && !groups.some(({ isBin }) => isBin))
      entries.push({
        id,
        path: [...groups.slice(1).map((one) => one.name), fields.get('Title') ?? ''],
        fields,
      })
    else if (name === 'KeePassFile') isComplete = true
  }

  for (const [, comment, closing, name = '', selfClosing, text = ''] of xml.matchAll(
    /<(?:(\?[^>]*|![^>]*)|(\/?)([A-Za-z]+)(?:\s[^<>]*?)?(\/?))>([^<]*)/g,
  )) {
    if (comment !== undefined) continue
    if (closing === '/') {
      const last = open.pop()
      if (last?.name !== name) return undefined
      end(last)
      continue
    }
    if (name === 'Group') groups.push({ name: '', isBin: false })
    if (name === 'Entry' && !open.some((element) => element.name === 'History')) fields = new Map()
    if (selfClosing === '/') end({ name, text: '' })
    else open.push({ name, text: decode(text) })
  }
  return isComplete && open.length === 0 ? entries : undefined
}

function decode(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));/gi, (whole, hex, decimal, name) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16)
    if (name !== undefined) return ENTITIES[String(name)] ?? whole
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
