'use strict'
// V8's compiled code is kept beside the program; where that folder cannot be written, what shipped in it is used.
require('node:module').enableCompileCache({ directory: `${__dirname}/cache`, portable: true })
require('./app/main.cjs')
