import { resolve } from 'node:path'
import { check } from '../app/check/check.ts'
import { errorsOf, isGood, type CheckReport } from '../app/check/report.ts'
import { checkText } from '../app/check/text.ts'
import { nextSteps } from '../app/init/next.ts'
import { writeSetup } from '../app/init/write.ts'
import {
  ANSWER_SECTIONS,
  INIT_SECTIONS,
  loadInitCommand,
  withoutSettings,
  type InitCommand,
} from '../config/init/command.ts'
import { storeOf, tokenPath, USUAL_FOLDER } from '../config/init/setup.ts'
import { composeText, configText } from '../config/init/texts.ts'
import { ERROR_KINDS, LocketError } from '../core/vocabulary/errors.ts'
import { wipeAll } from '../core/vocabulary/secret.ts'
import type { Command, CommandContext } from './define.ts'
import { askFirstSecret, nameOfSecret, type FirstSecret } from './setup/first-secret.ts'
import { interview, type Interview } from './setup/interview.ts'
import { agreeToReplace, readOldConfig } from './setup/old-files.ts'
import { paintFor } from './terminal/paint.ts'
import { openPrompt } from './terminal/prompt.ts'

/** The command `locket init`. It writes nothing before all questions are answered. */
export const command: Command = {
  usage: [
    'locket init [FLAGS]',
    '',
    'Writes locket.toml, the file of the token and a compose file, checks them, and names the next command.',
    'On a terminal it asks for what is missing. It takes every flag and variable of a provider as an answer',
    '(--help-all lists them), but no secret in a flag. Files that exist are replaced only with --force.',
  ],
  example:
    'locket init --provider op-connect --connect-host https://connect.example.com --token-file - < token.txt',
  sections: INIT_SECTIONS,
  more: ANSWER_SECTIONS,
  async run(context) {
    const loaded = loadInitCommand(context.argv, context.env)
    const answers = await answersOf(loaded, context)
    const secrets = [...answers.setup.secrets.values(), ...(answers.first ? [answers.first.value] : [])]
    try {
      await write(loaded, answers, context)
    } finally {
      wipeAll(secrets)
    }
    return await conclude(loaded, answers, context)
  },
}

interface Answers extends Interview {
  /** The text of the configuration file. */
  readonly config: string
  /** The first secret of the embedded store, if the user typed one. */
  readonly first: FirstSecret | undefined
}

/** The caller must wipe the secrets. */
async function answersOf(loaded: InitCommand, context: CommandContext): Promise<Answers> {
  const { settings, log } = loaded
  const { stdin, stderr, signal } = context
  if (settings.compose !== '-' && resolve(context.cwd, settings.compose) === resolve(configPath(loaded)))
    throw new LocketError('usage', '--compose names the configuration file', {
      hint: 'give the compose file another name',
    })
  const before = await readOldConfig(configPath(loaded))
  // A token on standard input leaves no terminal for questions.
  const isTerminal = settings.tokenFile !== '-' && stdin.isTTY && stderr.isTTY
  using prompt = isTerminal ? openPrompt(stdin, stderr, signal) : undefined
  const found = await interview(loaded, prompt, context)
  const { setup } = found
  try {
    const added = configText(setup, before)
    const old = [
      ...Array.from(setup.secrets.keys(), (name) => tokenPath(setup, name)),
      ...(added === undefined ? [configPath(loaded)] : []),
      ...(settings.compose === '-' ? [] : [settings.compose]),
    ]
    if (!settings.force) await agreeToReplace(old, prompt)
    const first = prompt && (await askFirstSecret(found, prompt, log))
    return { ...found, first, config: added ?? configText(setup, undefined) ?? '' }
  } catch (thrown) {
    wipeAll(setup.secrets.values())
    throw thrown
  }
}

async function write(loaded: InitCommand, answers: Answers, context: CommandContext): Promise<void> {
  const { setup, first, config } = answers
  const { compose } = loaded.settings
  const { openCommandEvents, openLocalSecrets, openSetupFiles } = await import('../wire.ts')
  const tokens = new Map(Array.from(setup.secrets, ([name, secret]) => [tokenPath(setup, name), secret]))
  const text = composeText(referenceOf(answers))
  const lines = await writeSetup(
    {
      tokens,
      config: { path: configPath(loaded), text: config },
      compose: compose === '-' ? undefined : { path: compose, text },
    },
    openSetupFiles(),
  )
  context.stdout.write(lines.map((line) => `${line}\n`).join(''))
  if (compose === '-') context.stdout.write(`\n${text}`)
  if (first === undefined) return
  const store = openLocalSecrets(first.store, openCommandEvents(loaded.log))
  const { made } = await store.set(new Map([[first.name, first.value]]), context.signal)
  const stored = `stored local://${first.name} (${first.value.byteLength} bytes)`
  context.stdout.write([...made.map((path) => `wrote ${path}`), stored].map((line) => `${line}\n`).join(''))
}

/** Prints the result of a check and the next command. Returns the exit code of `locket check`. */
async function conclude(loaded: InitCommand, answers: Answers, context: CommandContext): Promise<number> {
  const { stdout } = context
  const { folder, compose } = loaded.settings
  const isWithoutSecret = await isStoreEmpty(loaded, answers)
  const report = await checkAgain(loaded, answers, isWithoutSecret, context)
  stdout.write(`\n${checkText(report, paintFor(context))}\n`)
  if (folder !== USUAL_FOLDER)
    stdout.write(`note: a plugin sees ${folder} as ${USUAL_FOLDER}: write that in the paths of locket.toml\n`)
  const steps = nextSteps({
    isGood: isGood(report),
    hasReference: answers.reference !== undefined,
    configPath: configPath(loaded),
    compose,
    reference: referenceOf(answers),
    storeCommand: isWithoutSecret ? storeCommand(answers) : undefined,
  })
  stdout.write(steps.map((line, index) => `${index === 0 ? line : `  ${line}`}\n`).join(''))
  const [first] = errorsOf(report)
  return first === undefined ? 0 : ERROR_KINDS[first.code].exit
}

async function checkAgain(
  loaded: InitCommand,
  answers: Answers,
  isWithoutSecret: boolean,
  { env, isRoot, tables, signal }: CommandContext,
): Promise<CheckReport> {
  const { compose, offline } = loaded.settings
  const isComplete = answers.reference !== undefined && !isWithoutSecret
  const argv = ['--config', configPath(loaded), ...(isComplete ? [compose] : [])]
  const { loadCheckCommand } = await import('../config/check-config.ts')
  const { settings, paths, log, config } = loadCheckCommand({
    argv,
    env: withoutSettings(env),
    isRoot,
    tables,
  })
  const { openCheck, openCommandEvents } = await import('../wire.ts')
  const { strict, timeoutMs } = settings
  return await check(
    { config, paths, isAlone: true, offline, strict, timeoutMs, signal },
    {
      ...openCheck(openCommandEvents(log), env),
      readInput: async () => Buffer.from(composeText(referenceOf(answers))),
    },
  )
}

/** True for an embedded store without the secret of the reference. */
async function isStoreEmpty({ log }: InitCommand, answers: Answers): Promise<boolean> {
  const store = storeOf(answers.setup)
  if (store === undefined) return false
  const { openCommandEvents, openLocalSecrets } = await import('../wire.ts')
  const secrets = await openLocalSecrets(store, openCommandEvents(log)).list()
  return !secrets.some(({ name }) => name === nameOfSecret(referenceOf(answers)))
}

/** Returns the command that stores the secret of the reference in the embedded store. */
function storeCommand(answers: Answers): string {
  const store = storeOf(answers.setup)
  const isUsual = store?.file === `${USUAL_FOLDER}/secrets.age` && store.key === `${USUAL_FOLDER}/local.key`
  const paths = store === undefined || isUsual ? '' : ` --local-file ${store.file} --local-key ${store.key}`
  return `locket secret set ${nameOfSecret(referenceOf(answers))}${paths}`
}

function referenceOf({ setup, reference }: Interview): string {
  return reference ?? setup.def.example
}

function configPath({ settings }: InitCommand): string {
  return `${settings.folder}/locket.toml`
}
