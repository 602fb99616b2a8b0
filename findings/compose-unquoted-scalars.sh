#!/bin/sh
# Compose changes unquoted dates and long numbers on their way into a container.
#
# Versions: github.com/compose-spec/compose-go/v2 v2.16.2, the loader of Docker Compose 5; needs Go 1.24 or newer.
# Behaviour: in `environment`, `labels` and `driver_opts` a plain YAML scalar is resolved first and printed by Go afterwards.
#   `2024-01-01` arrives as `2024-01-01 00:00:00 +0000 UTC`, a number of 23 digits as `1.2345678901234568e+22`, `1_000` as `1000`.
#   There is no warning. A password or an account number that looks like this is another one in the container. Quotes keep it.
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > compose.yaml << 'YAML'
services:
  app:
    image: app
    environment:
      DATE: 2024-01-01
      NUMBER: 12345678901234567890123
      GROUPED: 1_000
      QUOTED_DATE: "2024-01-01"
      QUOTED_NUMBER: "12345678901234567890123"
YAML

cat > main.go << 'GO'
package main

import (
	"context"
	"fmt"
	"sort"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions([]string{"compose.yaml"}, cli.WithName("finding"))
	if err != nil {
		panic(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		panic(err)
	}
	lines := []string{}
	for name, value := range project.Services["app"].Environment {
		lines = append(lines, fmt.Sprintf("%s=%s", name, *value))
	}
	sort.Strings(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
}
GO

go mod init finding > log 2>&1
go get github.com/compose-spec/compose-go/v2@v2.16.2 >> log 2>&1
go mod tidy >> log 2>&1
go run . > seen || { cat log seen; exit 1; }

cat > expected << 'TEXT'
DATE=2024-01-01 00:00:00 +0000 UTC
GROUPED=1000
NUMBER=1.2345678901234568e+22
QUOTED_DATE=2024-01-01
QUOTED_NUMBER=12345678901234567890123
TEXT
cat seen
diff expected seen > /dev/null || { echo 'changed: compose-go no longer does this'; exit 1; }
echo 'seen: unquoted dates and long numbers are changed'
