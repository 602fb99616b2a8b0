/** The result of `locket init`, as far as the next step depends on it. */
interface Result {
  /** True: the check found no problem. */
  readonly isGood: boolean
  /** True: the compose file has a reference of the user. */
  readonly hasReference: boolean
  /** Path of the configuration file. */
  readonly configPath: string
  /** Path of the compose file, as the user wrote it; `-` when it was printed. */
  readonly compose: string
  /** The reference in the compose file. */
  readonly reference: string
  /** The command that stores the secret of the reference, for a store of locket's own without it. */
  readonly storeCommand: string | undefined
}

/** Returns the lines at the end of `locket init`: the next command, and the reason for it. */
export function nextSteps(result: Result): readonly string[] {
  const { isGood, hasReference, configPath, reference, storeCommand } = result
  const compose = result.compose === '-' ? 'compose.yaml' : result.compose
  const checkAgain = `locket check --config ${configPath} ${compose}`
  if (storeCommand !== undefined) return ['next, store the secret and check it:', storeCommand, checkAgain]
  if (!isGood) return ['next, correct what the check found, and check again:', checkAgain]
  if (!hasReference)
    return [`next, write a reference of yours in place of ${reference}, and check it:`, checkAgain]
  return ['next, where the driver is installed:', `docker compose -f ${compose} up -d`]
}
