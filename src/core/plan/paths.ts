/** Returns the normalized form of an absolute path: `/a//b/./c/../d/` → `/a/b/d`. Links are not followed. */
export function normalizePath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}

/** True when `path` is `folder` or lies below it. Both must be absolute and normalized. */
export function liesUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`)
}

/** Returns the path of `name` in `folder`, which may be `/`. */
export function joinPath(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`
}

/** Returns the folder that an absolute, normalized path lies in. */
export function dirname(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1))
}

/** Returns the last segment of a path. */
export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Returns every folder above the given relative paths, each once, parents first: `a/b/c` → `a`, `a/b`. */
export function parentFolders(paths: readonly string[]): string[] {
  const folders = new Set<string>()
  for (const path of paths) {
    for (const slash of path.matchAll(/\//g)) folders.add(path.slice(0, slash.index))
  }
  return [...folders]
}

/** Returns whether the layout `generations` needs the first name of a path for itself. */
export function isReservedName(path: string): boolean {
  return path.startsWith('..')
}
