import { LocketError } from './errors.ts'
import type { Brand } from './ref.ts'

/** Name of a volume. It is also a safe name for a folder. */
export type VolumeName = Brand<string, 'VolumeName'>
/** The engine's identifier of one mount. */
export type MountId = Brand<string, 'MountId'>

const VOLUME_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/
const MOUNT_ID = /^[\x21-\x7e]{1,256}$/

/**
 * Returns the text as a volume's name. Throws `usage`. This is an allow-list: the engine does not check the
 * names of a plugin's volumes, not even for `..` (moby `linux_parser.go`).
 */
export function parseVolumeName(text: string): VolumeName {
  if (VOLUME_NAME.test(text)) return text as VolumeName
  throw new LocketError('usage', `volume name ${JSON.stringify(text.slice(0, 80))} is not allowed`, {
    hint: 'letters, digits, "_", "." and "-", at most 255, starting with a letter or digit',
  })
}

/**
 * Returns the text as the engine's identifier of one mount: 64 hex digits today, any printable word of at
 * most 256 characters here. Throws `usage`.
 */
export function parseMountId(text: string): MountId {
  if (MOUNT_ID.test(text)) return text as MountId
  throw new LocketError('usage', 'the request has no usable mount ID')
}

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/

/**
 * Returns what is wrong with a variable's name, as the end of a sentence that begins with the name, or
 * undefined when it is valid. Names like `discovery.type` are valid: the kernel, Docker and Compose accept
 * them, and only shells cannot read them.
 */
export function variableNameProblem(name: string): string | undefined {
  if (VARIABLE_NAME.test(name)) return undefined
  return 'is not a valid name for a variable: it may hold letters, digits, _, . and -, and begins with a letter or _'
}
