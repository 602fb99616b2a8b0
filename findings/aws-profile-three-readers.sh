#!/bin/sh
# One ~/.aws/credentials file, three SDKs of AWS: quotes and comments belong to the key in one and not in another.
#
# Versions: botocore 1.44.8 (boto3 and the AWS CLI), @smithy/shared-ini-file-loader 4.7.2 (AWS SDK for JavaScript v3),
#   github.com/aws/aws-sdk-go-v2/config v1.33.18; needs python3 with pip, npm and Go.
# Behaviour: expected is that the SDKs of one company read one file alike. Seen, without a warning:
#   `KEY = "abc"`: Go gives abc, the two others `"abc"` with its quotes, so their signatures are wrong.
#   `KEY = abc # note`: botocore's secret key is `abc # note`, the two others have abc.
#   So a file that works in a program in Go fails in the AWS CLI, with an error about the signature and not about the file.
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m pip install --quiet --target python botocore==1.44.8 > log 2>&1
npm install --silent --no-save --ignore-scripts @smithy/shared-ini-file-loader@4.7.2 >> log 2>&1
export AWS_SHARED_CREDENTIALS_FILE="$work/credentials" AWS_CONFIG_FILE="$work/config"
: > config
cat > credentials << 'TEXT'
[quoted]
aws_access_key_id = "AKIDEXAMPLE"
aws_secret_access_key = "abc"

[comment]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = abc # note

[hash]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = abc#def
TEXT

cat > read.py << 'PY'
from botocore.session import Session
keys = (Session(profile=name).get_credentials() for name in ('quoted', 'comment', 'hash'))
print('botocore  ', *(f'[{key.secret_key}]' for key in keys))
PY
cat > read.cjs << 'JS'
const { loadSharedConfigFiles } = require('@smithy/shared-ini-file-loader')
loadSharedConfigFiles().then(({ credentialsFile }) =>
  console.log('javascript', ...['quoted', 'comment', 'hash'].map((name) => `[${credentialsFile[name].aws_secret_access_key}]`)))
JS
cat > main.go << 'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	fmt.Print("go        ")
	for _, name := range []string{"quoted", "comment", "hash"} {
		profile, err := config.LoadSharedConfigProfile(context.Background(), name, func(options *config.LoadSharedConfigOptions) {
			options.CredentialsFiles = []string{os.Getenv("AWS_SHARED_CREDENTIALS_FILE")}
			options.ConfigFiles = []string{os.Getenv("AWS_CONFIG_FILE")}
		})
		if err != nil {
			panic(err)
		}
		fmt.Printf(" [%s]", profile.Credentials.SecretAccessKey)
	}
	fmt.Println()
}
GO
go mod init finding >> log 2>&1
go get github.com/aws/aws-sdk-go-v2/config@v1.33.18 >> log 2>&1
{ PYTHONPATH=python python3 read.py && node read.cjs && go run .; } > seen 2>> log || { cat log seen; exit 1; }

cat > expected << 'TEXT'
botocore   ["abc"] [abc # note] [abc#def]
javascript ["abc"] [abc] [abc#def]
go         [abc] [abc] [abc#def]
TEXT
cat seen
diff expected seen > /dev/null || { echo 'changed: the readers give other keys'; exit 1; }
echo 'seen: one file, three secret keys'
