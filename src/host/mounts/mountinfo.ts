/** The used fields of one line of /proc/self/mountinfo. */
export interface MountEntry {
  readonly mountPoint: string
  readonly fsType: string
  /** Per mount: `rw`, `nosuid`, … */
  readonly options: readonly string[]
  /** Per file system: `size=10240k`, `noswap`, … */
  readonly superOptions: readonly string[]
}

/**
 * Parses /proc/self/mountinfo. Returns the mounts in the kernel's order: of several mounts at one path, the
 * last one is on top. Lines of another format are skipped.
 */
export function parseMountinfo(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? [])
}

function parseLine(line: string): MountEntry | undefined {
  // id parent major:minor root point options [optional fields] - type source superOptions
  const fields = line.split(' ')
  const dash = fields.indexOf('-', 6)
  const [point, options] = [fields[4], fields[5]]
  const [fsType, , superOptions] = dash === -1 ? [] : fields.slice(dash + 1)
  if (point === undefined || options === undefined || fsType === undefined) return undefined
  return {
    mountPoint: unescapeOctal(point),
    fsType: unescapeOctal(fsType),
    options: options.split(','),
    superOptions: superOptions?.split(',') ?? [],
  }
}

/**
 * Decodes a field. The kernel writes space, tab, newline and backslash as `\040` and the like; all other
 * bytes are unchanged.
 */
function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}
