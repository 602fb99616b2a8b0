/** The parts that an answer to a mistake must have. A text is looked for as it is. */
export interface Expected {
  /** The mistake in a word or two. */
  readonly what: string | RegExp
  /** The place: a flag, a variable, a file with its line, a volume, a provider. */
  readonly where: string | RegExp
  /** The reason why it is a mistake. */
  readonly why: string | RegExp
  /** The way to correct it. */
  readonly fix: string | RegExp
}

/** The parts of a user's folder and environment. `FOLDER` in a text is replaced by the path of the folder. */
export interface Setting {
  /** The content of each file; a number after it is its mode. */
  readonly files?: Readonly<Record<string, string | Uint8Array | readonly [content: string, mode: number]>>
  readonly env?: Readonly<Record<string, string>>
  /** Standard input. Such a row runs in a process of its own. */
  readonly input?: string
  /** Runs in a process of its own as this user. */
  readonly uid?: number
}

/** A mistake as a user makes it with a command, and what the command has to say. */
export interface Slip extends Expected, Setting {
  readonly mistake: string
  /** The words after `locket`. */
  readonly run: readonly string[]
  /** The server whose variables are set. `env` replaces them, and may name an address like `EXPIRED`. */
  readonly server?: 'connect' | 'bao' | 'bws' | 'infisical'
  /** 0: a warning is enough, and the command goes on. */
  readonly exit: number
}

/** A mistake in the driver options of a volume. Its answer is that of the engine's request. */
export interface VolumeSlip extends Expected, Pick<Setting, 'files'> {
  readonly mistake: string
  readonly opts: Readonly<Record<string, string>>
  /** The request that is refused. Default: Create. */
  readonly at?: 'Mount'
}

/** `locket exec FLAGS -- true` */
export function exec(...flags: readonly string[]): readonly string[] {
  return ['exec', ...flags, '--', 'true']
}

/** `locket inject --out FOLDER/out FLAGS` */
export function inject(...flags: readonly string[]): readonly string[] {
  return ['inject', '--out', 'FOLDER/out', ...flags]
}

/** A tag that has a value. */
export const TAG = '{{ local://db/password }}'
/** The value of TAG, and the beginning of every made-up credential: no answer may hold it. */
export const CANARY = 'canary-6b1d'
