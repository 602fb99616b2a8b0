# `make` alone says what there is. What a target needs and this machine lacks is named, and installed when this is root with apt.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
HOST := $(patsubst aarch64,arm64,$(patsubst x86_64,x64,$(shell uname -m)))
ARCH ?= $(HOST)
DIST := dist$(if $(filter $(HOST),$(ARCH)),,/$(ARCH))
NAME ?= locket
PREFIX ?= /usr/local
READY := node_modules/.ready
ENGINE := docker.io:dockerd busybox-static:busybox iproute2:ip procps:ps openssh-client:ssh-keygen openssl age docker-registry zsh fish prometheus postgresql systemd:/lib/systemd/systemd

help: ## this list
	@echo 'make TARGET, with ARCH=x64|arm64 for build, plugin and image, NAME= for plugin and image, REGISTRY=host:port for push, PREFIX= DESTDIR= for install'
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1	/p' Makefile | expand -t 18

demo: $(READY) ## see a container read a secret from a locket volume, and the secret vanish with it
	@node scripts/demo/demo.ts

test: check rootfs engine moto sikkerkey programs clients artifacts ## everything, end to end on a private engine included
	@node scripts/test.ts unit e2e

check: $(READY) ## types, lint, format, architecture, generated files
	@tsc --noEmit -p .
	@oxlint --type-aware
	@oxfmt --check
	@node --test --test-reporter=dot test/architecture/*.test.ts
	@node scripts/generated/check-generated.ts

build: $(READY) ## dist/locket: the program and its Node, one folder that runs anywhere
	@node scripts/build/build.ts $(ARCH) $(DIST)

rootfs: build
	@plugin/rootfs.sh $(ARCH) $(DIST)
	@plugin/image-rootfs.sh $(ARCH) $(DIST)

plugin: rootfs ## dist/plugin, and of it the plugin NAME in the engine that answers
	@plugin/size.sh $(DIST)/plugin
	@$(if $(filter $(HOST),$(ARCH)),plugin/create.sh $(NAME) $(DIST)/plugin,echo '$(DIST)/plugin: not made a plugin here, it is for $(ARCH)')

image: rootfs ## dist/image, and of it the sidecar image NAME:latest in the engine that answers
	@$(if $(filter $(HOST),$(ARCH)),plugin/image.sh $(NAME) $(DIST),echo '$(DIST)/image: not made an image here, it is for $(ARCH)')

images: $(READY) ## dist/images: an image of all providers and one of each, for both processors; IMAGES='locket-bao ...' for some
	@node scripts/images/command.ts dist/images $(IMAGES)

load: ## the image NAME of make images into the engine that answers
	@[ -d 'dist/images/$(NAME)' ] || $(MAKE) images IMAGES='$(NAME)'
	@node scripts/images/archive.ts 'dist/images/$(NAME)' | docker load

packages: build ## dist/packages: .deb, .rpm and a tarball with install.sh, for both processors
	@$(if $(filter $(HOST),$(ARCH)),,echo 'make packages makes those of both processors: leave out ARCH=' >&2; exit 64)
	@$(MAKE) -s build ARCH=$(if $(filter x64,$(HOST)),arm64,x64)
	@scripts/debian-packages.sh dpkg:dpkg-deb rpm:rpmbuild
	@scripts/packages/packages.sh dist dist/packages

push: $(if $(REGISTRY),rootfs) ## the plugin to REGISTRY/NAME
	@plugin/push.sh '$(REGISTRY)' '$(NAME)' '$(DIST)/plugin'

install: ## the program, a systemd unit and /etc/locket onto this host
	@[ -x dist/locket/bin/locket ] || $(MAKE) build
	@plugin/install.sh install "$(DESTDIR)" "$(PREFIX)"

uninstall: ## takes away what install put here; /etc/locket and the volumes' state stay
	@plugin/install.sh uninstall "$(DESTDIR)" "$(PREFIX)"

e2e: rootfs engine sikkerkey artifacts ## the end-to-end tests alone
	@node scripts/test.ts e2e

e2e-all: rootfs engine sikkerkey artifacts ## the same on three engines: Debian's 20.10 and 28.5, and moby 2.0 with Compose 5.6, which need Go
	@node scripts/engine/versions.ts
	@node scripts/test.ts e2e
	@LOCKET_E2E_ENGINE=sid node scripts/test.ts e2e
	@LOCKET_E2E_ENGINE=moby LOCKET_E2E_COMPOSE=go node scripts/test.ts e2e

bench: rootfs engine ## the measurements of bench/
	@node bench/starts.ts
	@node bench/run.ts
	@node bench/refresh.ts
	@node bench/commands.ts
	@node bench/largest-volume.ts
	@node bench/restart-and-wipe.ts
	@node bench/at-rest.ts
	@node bench/mounts.ts
	@node bench/generation-swap.ts
	@node bench/blind.ts
	@node bench/swarm.ts
	@node bench/broker.ts
	@node bench/broker-fleet.ts

docs: $(READY) ## writes the generated files anew: reference, manifest, sample configuration
	@node scripts/generated/gen-docs.ts
	@node scripts/generated/gen-manifest.ts

clean: ## takes away what was built and downloaded
	@rm -rf dist build $(READY)

engine: $(READY)
	@scripts/debian-packages.sh $(ENGINE)

programs: # password managers, for the tests of their providers, and a browser for those of the dashboard
	@scripts/debian-packages.sh pass:pass gnupg:gpg keepassxc:keepassxc-cli chromium:chromium

moto: # the protocols of AWS, for the tests
	@scripts/debian-packages.sh python3:python3 python3-venv
	@scripts/python-packages.sh moto moto moto==5.2.5 flask==3.1.3 flask-cors==6.0.5 PyYAML==6.0.4

sikkerkey: # the SDK of SikkerKey, for a test of the broker
	@scripts/debian-packages.sh python3:python3 python3-venv
	@scripts/python-packages.sh sikkerkey 'the SDK of SikkerKey' sikkerkey==1.3.0 cryptography==50.0.2 cffi==2.1.1 pycparser==3.12

artifacts: # programs that read what is built for others: images, packages, bills of materials
	@scripts/debian-packages.sh skopeo:skopeo debootstrap:debootstrap rpm:rpmbuild mandoc:mandoc python3:python3 python3-venv
	@scripts/packages/clean-root.sh build/cache/debian-root
	@scripts/python-packages.sh spdx 'the checker of SPDX' spdx-tools==0.8.5 beartype==0.23.1 boolean.py==5.0 click==8.5.1 license-expression==30.4.4 ply==3.11 pyparsing==3.3.3 PyYAML==6.0.4 rdflib==7.6.0 semantic-version==2.10.0 uritools==7.0.0 xmltodict==1.0.4

clients: # HTTP clients, for the tests of blind mode; Java and Go are used where they are
	@scripts/debian-packages.sh curl:curl git:git python3:python3 python3-venv
	@scripts/python-packages.sh blind-clients 'clients of Python' requests==2.34.2 httpx==0.28.1

$(READY): package-lock.json
	@scripts/toolchain.sh

.PHONY: help moto sikkerkey programs clients artifacts images load packages demo test check build rootfs plugin image push install uninstall e2e e2e-all bench docs clean engine
