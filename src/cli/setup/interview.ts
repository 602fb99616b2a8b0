import {
  beginSetup,
  answer,
  checkSetup,
  isHidden,
  missingFields,
  nextQuestion,
  parsed,
  type Setup,
} from '../../config/init/setup.ts'
import { providerOf, providersToChoose, type InitCommand } from '../../config/init/command.ts'
import { LocketError, formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Field } from '../../settings/field.ts'
import type { CommandContext } from '../define.ts'
import type { Prompt } from '../terminal/prompt.ts'
import { readStream } from '../terminal/read-stream.ts'
import { readWhole } from '../terminal/secret-value.ts'

/** The result of the interview. The caller must wipe the secrets of the setup. */
export interface Interview {
  readonly setup: Setup
  /** A reference that the user named; undefined: none. */
  readonly reference: string | undefined
}

type Screen = Pick<CommandContext, 'stdin' | 'stderr'>

/**
 * Finds out all settings: from flags and environment, and from a person if there is a prompt. Rejects with
 * `usage` or `config` when something is missing or wrong, and with `aborted` when the person gives up.
 */
export async function interview(
  { settings, provider, given }: InitCommand,
  prompt: Prompt | undefined,
  screen: Screen,
): Promise<Interview> {
  const def = provider ?? (await chooseProvider(prompt, screen))
  const { setup, problems } = beginSetup(def, given, settings.folder)
  if (problems.length > 0) throw new LocketError('config', problems.join('; '))
  if (settings.tokenFile !== undefined) await takeTokenFile(setup, settings.tokenFile, screen)
  if (prompt !== undefined) await askSettings(setup, prompt, screen)
  checkSetup(setup)
  if (settings.reference !== undefined)
    return { setup, reference: checkedReference(setup, settings.reference) }
  return { setup, reference: prompt && (await askReference(setup, prompt, screen)) }
}

async function chooseProvider(prompt: Prompt | undefined, { stderr }: Screen): Promise<Setup['def']> {
  const choices = providersToChoose()
  if (prompt === undefined)
    throw new LocketError('usage', 'no provider is chosen, and there is no terminal to ask', {
      hint: `give --provider ${choices.map(({ kind }) => kind).join('|')}`,
    })
  stderr.write('Where are your secrets?\n')
  for (const [index, { kind, title }] of choices.entries())
    stderr.write(`  ${index + 1}  ${kind.padEnd(12)}${title}\n`)
  for (;;) {
    const chosen = providerOf(await prompt.askShown('number or name: '))
    if (chosen !== undefined) return chosen
  }
}

async function takeTokenFile(setup: Setup, file: string, { stdin }: Screen): Promise<void> {
  const [field, ...others] = missingFields(setup).filter(isHidden)
  if (field === undefined || others.length > 0)
    throw new LocketError('usage', `--token-file: ${setup.def.kind} does not need one more secret`, {
      hint: 'omit it, or give other credentials by their flags: file:/path',
    })
  const tooLarge = () => new LocketError('too_large', 'standard input is larger than a token can be')
  const bytes = file === '-' ? await readStream(stdin, 64 * 1024, tooLarge) : await readWhole(file)
  const problem = answer(setup, field, bytes)
  if (problem !== undefined) throw new LocketError('config', `--token-file: ${problem}`)
}

async function askSettings(setup: Setup, prompt: Prompt, { stderr }: Screen): Promise<void> {
  for (let field = nextQuestion(setup); field !== undefined; field = nextQuestion(setup)) {
    const given = isHidden(field)
      ? await prompt.ask(questionOf(field))
      : await prompt.askShown(questionOf(field))
    const problem = answer(setup, field, given)
    if (problem !== undefined) stderr.write(`  ${problem}\n`)
  }
}

async function askReference(setup: Setup, prompt: Prompt, { stderr }: Screen): Promise<string | undefined> {
  const { example } = setup.def
  for (;;) {
    const text = await prompt.askShown(`a secret to begin with, like ${example} (empty: later): `)
    if (text.trim() === '') return undefined
    try {
      return checkedReference(setup, text)
    } catch (thrown) {
      stderr.write(`  ${formatError(toLocketError(thrown))}\n`)
    }
  }
}

function questionOf(field: Field): string {
  const notes = [
    ...(isHidden(field) ? ['not shown'] : []),
    ...(field.isAsked !== true ? [] : [`empty: ${field.default ?? 'left out'}`]),
  ]
  return `${field.summary}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}: `
}

/** Returns the reference without spaces and braces. Throws `usage` or `ref_syntax` when it is not one. */
function checkedReference(setup: Setup, text: string): string {
  const reference = text.trim().replace(/^\{\{\s*|\s*\}\}$/g, '')
  if (setup.def.parse(reference, setup.def.kind, parsed(setup)) !== undefined) return reference
  throw new LocketError('usage', `this is not a reference of ${setup.def.kind}`, {
    hint: `write it like ${setup.def.example}`,
  })
}
