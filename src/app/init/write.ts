import type { Secret } from '../../core/vocabulary/secret.ts'

/** The files of a new configuration. */
interface SetupFiles {
  /** The tokens by the absolute paths of their files. */
  readonly tokens: ReadonlyMap<string, Secret>
  readonly config: TextFile
  /** Undefined: no compose file is written. */
  readonly compose: TextFile | undefined
}

interface TextFile {
  readonly path: string
  readonly text: string
}

/** The ports that the files are written with. */
interface WritePorts {
  /** Writes a file that its owner alone may read (0600), and makes missing folders (0700). */
  writePrivate(path: string, content: Uint8Array): Promise<void>
  /** Writes a file that everyone may read. */
  writePublic(path: string, content: Uint8Array): Promise<void>
}

/**
 * Writes the tokens, then the configuration that names them, then the compose file. Replaces files that
 * exist. Returns one line for each file. Rejects with `io`; files that were written stay.
 */
export async function writeSetup(files: SetupFiles, ports: WritePorts): Promise<readonly string[]> {
  const { tokens, config, compose } = files
  const lines: string[] = []
  for (const [path, secret] of tokens) {
    await ports.writePrivate(path, secret.reveal())
    lines.push(`wrote ${path} (0600)`)
  }
  await ports.writePrivate(config.path, Buffer.from(config.text))
  lines.push(`wrote ${config.path} (0600)`)
  if (compose === undefined) return lines
  await ports.writePublic(compose.path, Buffer.from(compose.text))
  return [...lines, `wrote ${compose.path}`]
}
