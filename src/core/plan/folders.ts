/** Every folder above the given relative paths, each once, parents first: `a/b/c` → `a`, `a/b`. */
export function foldersOf(paths: readonly string[]): string[] {
  const folders = new Set<string>()
  for (const path of paths) {
    for (const slash of path.matchAll(/\//g)) folders.add(path.slice(0, slash.index))
  }
  return [...folders]
}
