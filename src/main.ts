#!/usr/bin/env -S -u NODE_OPTIONS HELD_NODE_OPTIONS=${NODE_OPTIONS} node --disable-sigusr1 --
import { run } from './run.ts'
import { nameProcess, readStartState } from './start-state.ts'

const [, path = '', ...argv] = process.argv
const { HELD_NODE_OPTIONS: nodeOptions = '', HELD_START: held } = process.env
// The first line keeps NODE_OPTIONS from this process. The program that `exec` runs gets it back.
delete process.env['HELD_NODE_OPTIONS']
delete process.env['HELD_START']
if (nodeOptions !== '') process.env['NODE_OPTIONS'] = nodeOptions
// Node's own code for a program that waits for nothing any more and has not come to its end.
process.exitCode = 13
nameProcess()
void run({ path, argv, env: process.env, startState: readStartState(held) }).then(
  (code) => (process.exitCode = code),
)
