/** `/a//b/./c/../d/` → `/a/b/d`, by its text alone: links are the business of who opens it. */
export function normalizePath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}

/** Both normalized; a folder lies under itself. */
export function liesUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`)
}

export function joinPath(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`
}

export function dirname(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1))
}

export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Every folder above the given relative paths, each once, parents first: `a/b/c` → `a`, `a/b`. */
export function parentFolders(paths: readonly string[]): string[] {
  const folders = new Set<string>()
  for (const path of paths) {
    for (const slash of path.matchAll(/\//g)) folders.add(path.slice(0, slash.index))
  }
  return [...folders]
}
