import { exec, type Slip } from '../slip.ts'

const LINE = 'a line must be NAME=VALUE, a comment or empty'

function inEnv(
  mistake: string,
  text: string | Uint8Array,
  says: Omit<Slip, 'mistake' | 'run' | 'exit'>,
): Slip {
  return { mistake, run: exec('--env-file', 'a.env'), files: { 'a.env': text }, exit: 78, ...says }
}

function inToml(mistake: string, text: string, says: Omit<Slip, 'mistake' | 'run' | 'exit'>): Slip {
  return { mistake, run: exec('--config', 'l.toml'), files: { 'l.toml': text }, exit: 78, ...says }
}

/** Mistakes in .env and TOML files. */
export const FILE_SLIPS: readonly Slip[] = [
  inEnv('a .env line without =', 'GOOD=1\nDB_PASSWORD\n', {
    what: LINE,
    where: 'FOLDER/a.env: line 2',
    why: 'write = and a value after the name',
    fix: 'such as that of GOOD above',
  }),
  inEnv('a .env line with a colon', 'DB_PASSWORD: x\n', {
    what: LINE,
    where: 'FOLDER/a.env: line 1',
    why: 'the colon',
    fix: 'write = in place of the colon',
  }),
  inEnv('a .env name with a blank', 'A=1\nDB PASSWORD=x\n', {
    what: LINE,
    where: 'FOLDER/a.env: line 2',
    why: 'a name holds only letters',
    fix: 'letters, digits, _, . and -',
  }),
  inEnv('a .env name with a digit first', '1A=x\n', {
    what: LINE,
    where: 'FOLDER/a.env: line 1',
    why: 'a name begins with a letter or _',
    fix: 'begins with a letter',
  }),
  inEnv('a .env line without a name', '=x\n', {
    what: LINE,
    where: 'FOLDER/a.env: line 1',
    why: 'the name before the = is missing',
    fix: 'the name before the =',
  }),
  inEnv('a .env file that is a script', '#!/bin/sh\nset -a\nA=1\n', {
    what: LINE,
    where: 'FOLDER/a.env: line 2',
    why: 'commands of a shell are not run',
    fix: 'a variable has a name, = and a value',
  }),
  inEnv('a key of several lines without quotes', 'KEY=-----BEGIN\ncanary-6b1d\n', {
    what: LINE,
    where: 'FOLDER/a.env: line 2',
    why: 'a value of several lines must be in quotes',
    fix: 'such as that of KEY above',
  }),
  inEnv('a .env quote that is not closed', 'A=1\nDB="canary-6b1d\nB=2\n', {
    what: 'the quote " is not closed',
    where: 'FOLDER/a.env: line 2',
    why: 'in the value of DB',
    fix: 'end the value with "',
  }),
  inEnv('text after a .env quote', 'A=1\nDB="a" canary-6b1d\n', {
    what: 'only a comment may follow the closing quote "',
    where: 'FOLDER/a.env: line 2',
    why: 'in the value of DB',
    fix: 'a quote inside "…" is written \\"',
  }),
  inEnv('a .env file in UTF-16', Buffer.from('\uFEFFA=1\n', 'utf16le'), {
    what: 'is not UTF-8 text',
    where: 'FOLDER/a.env',
    why: 'not UTF-8',
    fix: 'save it as UTF-8',
  }),
  {
    ...inEnv('a wrong filter in a .env file', 'A=1\nDB={{ local://db/password | trimm }}\n', {
      what: 'there is no filter "trimm"',
      where: 'FOLDER/a.env line 2 DB',
      why: 'local://db/password',
      fix: 'did you mean trim?',
    }),
    exit: 65,
  },
  inToml('a duration without quotes', '[exec]\ntimeout = 30s\n', {
    what: 'this is not a value',
    where: 'l.toml line 2, column 13',
    why: 'not a value',
    fix: 'put a text in quotes, like "30s"',
  }),
  inToml('a mode with a leading zero', '[exec]\nfile-mode = 0640\n', {
    what: 'a number must not begin with 0',
    where: 'l.toml line 2, column 13',
    why: 'begin with 0',
    fix: 'write a mode as text in quotes, like "0640"',
  }),
  inToml('True for true', '[exec]\nwatch = True\n', {
    what: 'this is not a value',
    where: 'l.toml line 2, column 9',
    why: 'not a value',
    fix: 'true and false have no capitals',
  }),
  inToml('a quote that is not closed', '[exec]\ntimeout = "canary-6b1d\n', {
    what: 'the quote is not closed on its line',
    where: 'l.toml line 2',
    why: 'not closed',
    fix: 'close it',
  }),
  inToml('a setting without =', '[exec]\ntimeout "30s"\n', {
    what: 'write NAME = VALUE',
    where: 'l.toml line 2, column 9',
    why: 'NAME = VALUE, [TABLE] or a # comment',
    fix: 'write NAME = VALUE',
  }),
  inToml('YAML in place of TOML', 'exec:\n  timeout: 30s\n', {
    what: 'write NAME = VALUE',
    where: 'l.toml line 1, column 5',
    why: '2 settings are wrong',
    fix: '[TABLE]',
  }),
  inToml('a setting twice', '[exec]\ntimeout = "1s"\ntimeout = "2s"\n', {
    what: 'this is set a second time',
    where: 'l.toml line 3, column 1',
    why: 'a second time',
    fix: 'keep one of both',
  }),
  inToml('a table twice', '[exec]\n[inject]\n[exec]\n', {
    what: 'this is set a second time',
    where: 'l.toml line 3',
    why: 'a second time',
    fix: 'keep one of both',
  }),
  inToml('a list that is not closed', '[exec]\nenv = ["A=1",\n', {
    what: 'the list is not closed',
    where: 'l.toml line 2, column 7',
    why: 'not closed',
    fix: 'add ]',
  }),
  inToml('a list without a comma', '[exec]\nenv = ["A=1" "B=2"]\n', {
    what: 'a comma or the closing bracket is missing',
    where: 'l.toml line 2, column 14',
    why: 'missing before this',
    fix: 'a comma',
  }),
  inToml('a Windows path', '[exec]\nenv-file = "C:\\dir\\x"\n', {
    what: 'begins an escape',
    where: 'l.toml line 2, column 16',
    why: 'begins an escape',
    fix: 'write the text in single quotes',
  }),
  inToml('two settings on a line', '[exec]\nwatch = true timeout = "1s"\n', {
    what: 'only a # comment may follow a value',
    where: 'l.toml line 2, column 14',
    why: 'may follow a value',
    fix: 'begin a new line',
  }),
  inToml('mistakes of both kinds, all at once', '[exec]\ntimeout = 30s\nwatsh = true\nuser = "root"\n', {
    what: '3 settings are wrong',
    where: 'l.toml line 4 user',
    why: '"root" is not a valid owner',
    fix: 'did you mean watch?',
  }),
  inToml('a misspelled setting', '[exec]\ntimeuot = "30s"\n', {
    what: 'there is no setting timeuot',
    where: 'l.toml line 2',
    why: 'there is no setting',
    fix: 'did you mean timeout?',
  }),
  inToml('a misspelled table', '[exce]\n', {
    what: 'there is no table [exce]',
    where: 'l.toml line 1',
    why: 'there is no table',
    fix: 'did you mean [exec]?',
  }),
  inToml('a setting outside of tables', 'timeout = "30s"\n', {
    what: 'timeout must be in a table',
    where: 'l.toml line 1',
    why: 'must be in a table',
    fix: 'like [volume]',
  }),
  inToml('a number in the place of a list', '[exec]\nenv = 3\n', {
    what: 'env must be a list of strings',
    where: 'l.toml line 2',
    why: 'must be',
    fix: 'a list of strings',
  }),
  inToml('a provider of an unknown kind', '[providers.x]\nkind = "1password"\n', {
    what: 'must be one of',
    where: 'l.toml line 2 kind',
    why: 'op-connect, op, bws',
    fix: 'did you mean op (a service account)',
  }),
  inToml('a provider without a kind', '[providers.x]\nconnect-host = "http://x"\n', {
    what: 'has no kind',
    where: 'l.toml line 1: [providers.x]',
    why: 'has no kind',
    fix: 'one of local, op-connect',
  }),
  inToml(
    'a setting without its prefix in the table of a provider',
    '[providers.x]\nkind = "bao"\nuri = "http://x"\n',
    {
      what: 'there is no setting uri of bao',
      where: 'l.toml line 3',
      why: 'there is no setting',
      fix: 'bao-url',
    },
  ),
  {
    mistake: 'a configuration file that is not there',
    run: exec('--config', 'l.toml'),
    exit: 78,
    what: 'there is no file l.toml',
    where: 'flag --config',
    why: 'there is no file',
    fix: 'in the working directory',
  },
  {
    mistake: 'a folder for a configuration file',
    run: exec('--config', '.'),
    exit: 78,
    what: 'cannot be read',
    where: 'configuration file .',
    why: 'it is a folder',
    fix: 'a folder',
  },
  {
    mistake: 'a configuration file that this user may not read',
    run: exec('--config', 'l.toml'),
    files: { 'l.toml': '[exec]\n' },
    uid: 65_534,
    exit: 78,
    what: 'cannot be read',
    where: 'configuration file l.toml',
    why: 'this user may not read it',
    fix: 'this user',
  },
]
