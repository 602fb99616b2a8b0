/** Where the text of a file comes from. `within`: roots that the file must lie under, when driver options named it. */
export type SecretSource =
  | { readonly kind: 'inline'; readonly template: string }
  | { readonly kind: 'file'; readonly path: string; readonly within?: readonly string[] }

/** One file that the user asked for. */
export interface SecretFile {
  /** As written: `db_password`, `certs/tls.key`. */
  readonly name: string
  readonly source: SecretSource
  /** Where it was asked for, for messages: `driver option secret.db_password`. */
  readonly origin: string
}
