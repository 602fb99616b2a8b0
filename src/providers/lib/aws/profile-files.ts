/** The properties of a profile, by name in lower case: `aws_access_key_id`. */
export type Profile = Readonly<Record<string, string>>

/**
 * Reads a shared file of AWS (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html) and returns
 * its profiles by name. `isConfig`: a profile is `[profile NAME]`, as in `~/.aws/config`. A line that means
 * nothing is ignored, as AWS does, because other programs keep their own settings there.
 */
export function parseSharedFile(text: string, isConfig: boolean): ReadonlyMap<string, Profile> {
  const profiles = new Map<string, Record<string, string>>()
  let current: Record<string, string> | undefined
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\[\s*(.*?)\s*\]/.exec(line)?.[1]
    if (heading !== undefined) {
      const name = profileName(heading, isConfig)
      current = name === undefined ? undefined : (profiles.get(name) ?? Object.create(null))
      if (name !== undefined && current !== undefined) profiles.set(name, current)
      continue
    }
    // An indented line belongs to the property above it.
    const [, key, value] = /^([A-Za-z_][\w.-]*)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (current !== undefined && key !== undefined && value !== undefined)
      current[key.toLowerCase()] = value.replace(/\s[#;].*$/, '')
  }
  return profiles
}

function profileName(heading: string, isConfig: boolean): string | undefined {
  if (!isConfig) return heading
  return heading === 'default' ? heading : /^profile\s+(.+)$/.exec(heading)?.[1]
}

/** Returns the words of a command. Words in double quotes may have spaces. No shell reads it. */
export function splitCommand(text: string): readonly string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}
