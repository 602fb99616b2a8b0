/** What locket documents and this version has not got: refused by name, never taken for text. Building one deletes its row. */
export interface LaterProvider {
  readonly kind: string
  readonly aliases?: readonly string[]
  readonly title: string
  readonly schemes: readonly string[]
  /** How the names of its settings begin. */
  readonly settings: string
}

export const LATER: readonly LaterProvider[] = [
  { kind: 'op', title: '1Password service accounts', schemes: ['op'], settings: 'op-token' },
  {
    kind: 'bao',
    aliases: ['vault'],
    title: 'OpenBao and Vault',
    schemes: ['bao', 'vault'],
    settings: 'bao-',
  },
]

export function notBuilt({ title }: LaterProvider): string {
  return `this version of locket has no provider for ${title}`
}
