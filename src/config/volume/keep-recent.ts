/** Returns `derive` with a memory of its last results, `most` of them. An error is not kept. */
export function keepRecent<K, V>(most: number, derive: (key: K) => V): (key: K) => V {
  const recent = new Map<K, V>()
  return (key) => {
    const known = recent.get(key)
    if (known !== undefined) return known
    const made = derive(key)
    const [oldest] = recent.size >= most ? recent.keys() : []
    if (oldest !== undefined) recent.delete(oldest)
    recent.set(key, made)
    return made
  }
}
