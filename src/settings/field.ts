import type { z } from 'zod'

/** What a setting takes on the command line. `switch`: `--watch` alone means true. `list`: may be repeated. */
export type FieldKind = 'text' | 'switch' | 'list'

/** One setting. Flag, environment name, TOML key, driver option, help, reference docs and manifest all come from this declaration. */
export interface Field<S extends z.ZodType = z.ZodType> {
  /** `connect-host`: flag without dashes, TOML key and driver option. */
  readonly name: string
  /** Flags that mean the same: `secrets` for `secret`. */
  readonly aliases?: readonly string[]
  /** One letter: `e` for `-e`. */
  readonly short?: string
  readonly env?: string
  /** Takes the text of a layer (list kinds: a list of texts) and gives the value; its issues are read by users. */
  readonly schema: S
  readonly kind?: FieldKind
  /** Of a list: the keys of a TOML table that stands for one entry of two paths: `[[inject.map]]`. */
  readonly entryKeys?: readonly [string, string]
  /** As a user would write it. */
  readonly default?: string
  /** For a user who is not root, in place of `default`: this file in `$XDG_CONFIG_HOME/locket/` (or `~/.config/locket/`). */
  readonly userDefault?: string
  /** For the sample configuration, when there is no default to show. */
  readonly example?: string
  readonly summary: string
  /** Shown after the flag in help: `URL`, `FILE`. */
  readonly placeholder?: string
  /** A credential: `file:/path` and `X_FILE` work; written out in driver options it is refused unless the daemon allows that. */
  readonly credential?: true
  /** A credential that is a name rather than a secret, like a client id: it may be written out in driver options. */
  readonly isPublic?: true
  /** Names the setting that a volume must set too when it sets this one in its driver options: else a compose file could send the operator's credential anywhere. */
  readonly needsCredential?: readonly string[]
  /** A file that the daemon reads: in driver options it must lie under the template roots. */
  readonly file?: true
  /** Only says what references mean: clients that differ in it alone are one, with one login and one limit. */
  readonly onlyParses?: true
  /** False: for the daemon alone; in driver options it is an error that says so. Default true. */
  readonly driverOption?: false
  /** False: not in TOML files, where it would come too late. Default true. */
  readonly toml?: false
}

export interface Section {
  readonly name: string
  readonly title: string
  readonly fields: Readonly<Record<string, Field>>
}

/** The parsed values of a section, by the keys of its declaration. */
export type SettingsOf<S extends Section> = {
  readonly [K in keyof S['fields']]: z.output<S['fields'][K]['schema']>
}

export function field<S extends z.ZodType>(declaration: Field<S>): Field<S> {
  return declaration
}

export function fieldKind(field: Field): FieldKind {
  return field.kind ?? 'text'
}

export function section<const F extends Readonly<Record<string, Field>>>(
  name: string,
  title: string,
  fields: F,
): { readonly name: string; readonly title: string; readonly fields: F } {
  return { name, title, fields }
}

/** Returns the fields of these sections, in their order. */
export function fieldsOf(sections: readonly Section[]): readonly Field[] {
  return sections.flatMap(({ fields }) => Object.values(fields))
}
