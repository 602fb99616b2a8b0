import type { Output, Schema } from './schema.ts'

/**
 * The shape of a setting on the command line. `switch`: `--watch` alone means true. `list`: the flag can be
 * repeated.
 */
type FieldKind = 'text' | 'switch' | 'list'

/** The keys of a TOML table. The needed ones hold texts, the optional ones texts or numbers. */
export interface EntryKeys {
  readonly needed: readonly string[]
  readonly optional: readonly string[]
}

/**
 * One setting. Flag, environment variable, TOML key, driver option, help, reference and manifest all follow
 * from it.
 */
export interface Field<S extends Schema<unknown> = Schema<unknown>> {
  /** The flag without dashes, the TOML key and the driver option: `connect-host`. */
  readonly name: string
  /** Other flags for the same setting: `secrets` for `secret`. */
  readonly aliases?: readonly string[]
  /** The letter of a short flag: `e` for `-e`. */
  readonly short?: string
  /** Name of the environment variable. */
  readonly env?: string
  /** Parses the text of a layer, or the list of texts of a list. Users read the messages of its issues. */
  readonly schema: S
  readonly kind?: FieldKind
  /** For a list: the keys of a TOML table that means one entry: `[[inject.map]]`. */
  readonly entryKeys?: EntryKeys
  /** For a list: a TOML table may give each name a number, like the mode `0o440`. */
  readonly takesNumbers?: true
  /** The default, written as a user would write it. */
  readonly default?: string
  /**
   * Replaces `default` for another user than root: this file in `$XDG_CONFIG_HOME/locket/` or
   * `~/.config/locket/`.
   */
  readonly userDefault?: string
  /** An example for the sample configuration. It is used when there is no default. */
  readonly example?: string
  /** One line for help and the reference. */
  readonly summary: string
  /** A shorter summary for `--help`; `--help-all` and the reference show `summary`. */
  readonly brief?: string
  /** True: only `--help-all` shows it. */
  readonly isRare?: true
  /** The name of the value in help: `URL`, `FILE`. */
  readonly placeholder?: string
  /**
   * True: the setting is a credential. It accepts `file:/path` and the variable `X_FILE`. Driver options may
   * not hold it inline unless the daemon allows that.
   */
  readonly credential?: true
  /**
   * True: the credential is a name rather than a secret, like a client id. Driver options may hold it inline.
   */
  readonly isPublic?: true
  /**
   * True: programs of the service itself read the variable. A child of locket inherits it, unless locket used
   * the provider for the child's values.
   */
  readonly isShared?: true
  /**
   * Names the credentials of which a volume must set one too when it sets this setting. Otherwise a compose
   * file could send the operator's credential to any server.
   */
  readonly needsCredential?: readonly string[]
  /** True: `locket init` asks for it, although it has a default or can be left out. */
  readonly isAsked?: true
  /** True: the daemon reads this file. In driver options it must be under the template roots. */
  readonly file?: true
  /**
   * True: the setting changes only the meaning of references. Clients that differ in it alone share one login
   * and one limit.
   */
  readonly onlyParses?: true
  /**
   * False: the setting belongs to the daemon. As a driver option it is an error that says so. Default true.
   */
  readonly driverOption?: false
  /** False: configuration files cannot set it, because it is needed before they are read. Default true. */
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
  readonly [K in keyof S['fields']]: Output<S['fields'][K]['schema']>
}

/** Returns the declaration, typed by its schema. */
export function field<S extends Schema<unknown>>(declaration: Field<S>): Field<S> {
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

/**
 * Returns the fields of these sections, in their order. A field that several sections share is there once.
 */
export function fieldsOf(sections: readonly Section[]): readonly Field[] {
  return [...new Set(sections.flatMap(({ fields }) => Object.values(fields)))]
}
