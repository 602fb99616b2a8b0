import { LocketError } from '../vocabulary/errors.ts'

/** Flag bits of mount(2), which the kernel's ABI fixes (linux/mount.h). */
const BITS = {
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  sync: 16,
  dirsync: 128,
  noatime: 1024,
  nodiratime: 2048,
  relatime: 1 << 21,
  strictatime: 1 << 24,
} as const

type Bit = keyof typeof BITS

/** The bits that each word of the driver option `flags` sets and clears. */
const WORDS: Readonly<Record<string, { readonly set?: readonly Bit[]; readonly clear?: readonly Bit[] }>> = {
  rw: {},
  ro: {},
  nosuid: { set: ['nosuid'] },
  suid: { clear: ['nosuid'] },
  nodev: { set: ['nodev'] },
  dev: { clear: ['nodev'] },
  noexec: { set: ['noexec'] },
  exec: { clear: ['noexec'] },
  sync: { set: ['sync'] },
  async: { clear: ['sync'] },
  dirsync: { set: ['dirsync'] },
  noatime: { set: ['noatime'], clear: ['relatime', 'strictatime'] },
  relatime: { set: ['relatime'], clear: ['noatime', 'strictatime'] },
  strictatime: { set: ['strictatime'], clear: ['noatime', 'relatime'] },
  nodiratime: { set: ['nodiratime'] },
  diratime: { clear: ['nodiratime'] },
}

/** The mount flags of a volume. */
interface MountFlags {
  /** The flags argument of mount(2). */
  readonly bits: number
  /** True when `ro` was given. The tmpfs itself stays writable, because locket writes to it. */
  readonly readOnly: boolean
}

/**
 * Returns the mount flags of the words. nosuid, nodev and noexec are set unless a word clears them. A later
 * word overrules an earlier one, as in mount(8). Throws `config` for an unknown word.
 */
export function parseMountFlags(words: readonly string[]): MountFlags {
  const bits = new Set<Bit>(['nosuid', 'nodev', 'noexec'])
  let readOnly = false
  for (const word of words) {
    const effect = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined
    if (effect === undefined) throw unknownFlag(word)
    for (const bit of effect.clear ?? []) bits.delete(bit)
    for (const bit of effect.set ?? []) bits.add(bit)
    if (word === 'ro' || word === 'rw') readOnly = word === 'ro'
  }
  return { bits: toBits(bits), readOnly }
}

/** Returns the flag bits of a mount from its options in /proc/self/mountinfo. Other options are ignored. */
export function bitsOfMounted(options: readonly string[]): number {
  return toBits(options.filter((word): word is Bit => Object.hasOwn(BITS, word)))
}

/**
 * Returns the text when it can be a SELinux context. An allow-list checks it, because it becomes a part of
 * the option string of mount(2). Throws `config`.
 */
export function parseSelinuxContext(text: string): string {
  if (/^[A-Za-z0-9_.:,-]{1,256}$/.test(text)) return text
  throw new LocketError('config', `SELinux context ${JSON.stringify(text.slice(0, 80))} is not allowed`, {
    hint: 'like system_u:object_r:container_file_t:s0',
  })
}

function toBits(names: Iterable<Bit>): number {
  let bits = 0
  for (const name of names) bits |= BITS[name]
  return bits
}

function unknownFlag(word: string): LocketError {
  return new LocketError('config', `mount flag ${JSON.stringify(word.slice(0, 40))} is not known`, {
    hint: `known: ${Object.keys(WORDS).join(', ')}`,
  })
}
