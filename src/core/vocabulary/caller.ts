/** Who asks for secrets: a volume, or a command such as `exec`. */
export interface Caller {
  readonly kind: 'volume' | 'command'
  /** Of the volume or of the command: unique in its kind. */
  readonly name: string
}

/** Returns one text for each caller, to compare callers and to keep them in sets. */
export function callerKey({ kind, name }: Caller): string {
  return `${kind} ${name}`
}
