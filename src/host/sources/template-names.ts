/** What vim, Emacs, JetBrains' editors and most others leave beside a file while it is edited, or of its last version. */
const EDITORS_OWN = /~$|^\.#|^#.*#$|^\..*\.sw[a-z]$|^4913$|___jb_(tmp|old|bak)___$/

/**
 * False of an entry that is no template of a folder: an editor's temporary file, and what Kubernetes keeps behind links, in `..data`
 * and `..2026_01_01`.
 */
export function isTemplateName(name: string): boolean {
  return !EDITORS_OWN.test(name) && !name.startsWith('..')
}
