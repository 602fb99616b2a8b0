import type { z } from 'zod'

/**
 * The form of a setting on the command line. `switch`: `--watch` alone means true. `list`: the flag may be
 * repeated.
 */
type FieldKind = 'text' | 'switch' | 'list'

/**
 * The declaration of one setting. Its flag, environment variable, TOML key, driver option, help, reference
 * page and manifest entry are all made from it.
 */
export interface Field<S extends z.ZodType = z.ZodType> {
  /** Name of the TOML key and the driver option, and of the flag without its dashes: `connect-host`. */
  readonly name: string
  /** Other names of the flag: `secrets` for `secret`. */
  readonly aliases?: readonly string[]
  /** The short flag, one letter: `e` for `-e`. */
  readonly short?: string
  /** Name of the environment variable. */
  readonly env?: string
  /**
   * Parses the text of a layer (for a `list`: its texts) into the value. Users read the messages of its
   * issues.
   */
  readonly schema: S
  readonly kind?: FieldKind
  /** For a `list`: the keys of a TOML table that is one entry of two paths, as in `[[inject.map]]`. */
  readonly entryKeys?: readonly [string, string]
  /** The default, as a user would write it. */
  readonly default?: string
  /**
   * Replaces `default` for users other than root: this file in `$XDG_CONFIG_HOME/locket/` or
   * `~/.config/locket/`.
   */
  readonly userDefault?: string
  /** A value for the sample configuration, when there is no default to show. */
  readonly example?: string
  /** One line for help and the reference. */
  readonly summary: string
  /** The word that help shows after the flag: `URL`, `FILE`. */
  readonly placeholder?: string
  /**
   * True for a credential: `file:/path` and `X_FILE` work, and driver options must not contain it unless the
   * daemon allows that.
   */
  readonly credential?: true
  /** True for a credential that is not secret, like a client id: driver options may contain it. */
  readonly isPublic?: true
  /**
   * Credential settings that a volume must set too when its driver options set this one. Without this rule, a
   * compose file could send the operator's credential to any server.
   */
  readonly needsCredential?: readonly string[]
  /** True for a file that the daemon reads: in driver options it must lie under the template roots. */
  readonly file?: true
  /**
   * True when the setting only changes how references are parsed. Instances that differ only in such settings
   * share one client, with one login and one rate limit.
   */
  readonly onlyParses?: true
  /** False: only the daemon may set it, and it is an error in driver options. Default true. */
  readonly driverOption?: false
  /** False: it is not a key of TOML files, because it is needed before they are read. Default true. */
  readonly toml?: false
}

/** A named group of settings, such as those of one command or one provider. */
export interface Section {
  readonly name: string
  readonly title: string
  readonly fields: Readonly<Record<string, Field>>
}

/** The parsed values of a section, by the keys of its declaration. */
export type SettingsOf<S extends Section> = {
  readonly [K in keyof S['fields']]: z.output<S['fields'][K]['schema']>
}

/** Returns the declaration, typed by its schema. */
export function field<S extends z.ZodType>(declaration: Field<S>): Field<S> {
  return declaration
}

/** Returns the kind of a setting; the default is `text`. */
export function fieldKind(field: Field): FieldKind {
  return field.kind ?? 'text'
}

/** Returns a section. `name` is its TOML table, `title` its heading in help and the reference. */
export function section<const F extends Readonly<Record<string, Field>>>(
  name: string,
  title: string,
  fields: F,
): { readonly name: string; readonly title: string; readonly fields: F } {
  return { name, title, fields }
}
