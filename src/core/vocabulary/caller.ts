/** Who asks for secrets: a volume, or a command such as `exec`. */
export interface Caller {
  readonly kind: 'volume' | 'command'
  /** Name of the volume or the command. It is unique within its kind. */
  readonly name: string
}

/** Returns one text for each caller, to compare callers and to keep them in sets. */
export function callerKey({ kind, name }: Caller): string {
  return `${kind} ${name}`
}
