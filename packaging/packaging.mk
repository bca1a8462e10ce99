# SPDX-License-Identifier: GPL-2.0-only
# Installs and packages the project; included by the Makefile. The packages install their files with the targets
# install-tools and install-dkms, so each path is named only here.

# Cargo.toml defines the version; packaging/check-version checks the other places.
VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml)
DESTDIR ?=
PREFIX ?= /usr/local
ZSH_COMPLETIONS ?= $(PREFIX)/share/zsh/site-functions
# The architecture of simructl, under Rust's name, and that of the machine that builds it, if it is another one. LINKER
# and NATIVE_LINKER are the C compilers that link for them.
TARGET ?= $(shell rustc -vV | sed -n 's/^host: //p')
NATIVE_TARGET ?= $(TARGET)
LINKER ?= cc
NATIVE_LINKER ?= cc
TOOLS_OUT := $(CURDIR)/build/tools
DKMS_SOURCES := $(DESTDIR)/usr/src/simrupt-$(VERSION)
MODULE_RELEASE = $(shell $(MAKE) -s -C '$(KDIR)' kernelrelease)

.PHONY: tools install install-tools install-module install-dkms uninstall
tools:
	TARGET='$(TARGET)' NATIVE_TARGET='$(NATIVE_TARGET)' LINKER='$(LINKER)' NATIVE_LINKER='$(NATIVE_LINKER)' \
		packaging/build-tools '$(TOOLS_OUT)'

install: install-tools install-module

install-tools:
	@test -x '$(TOOLS_OUT)/simructl' || { echo 'simructl is not built: make tools' >&2; exit 1; }
	install -D -m 755 -t '$(DESTDIR)$(PREFIX)/bin' '$(TOOLS_OUT)/simructl'
	install -D -m 644 -t '$(DESTDIR)$(PREFIX)/share/man/man1' '$(TOOLS_OUT)'/man/man1/*.1
	install -D -m 644 -t '$(DESTDIR)$(PREFIX)/share/man/man7' '$(TOOLS_OUT)'/man/man7/*.7
	install -D -m 644 '$(TOOLS_OUT)/completions/bash' '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/simructl'
	install -D -m 644 '$(TOOLS_OUT)/completions/zsh' '$(DESTDIR)$(ZSH_COMPLETIONS)/_simructl'
	install -D -m 644 '$(TOOLS_OUT)/completions/fish' '$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/simructl.fish'
	install -D -m 644 -t '$(DESTDIR)$(PREFIX)/lib/udev/rules.d' udev/60-simrupt.rules
	install -D -m 644 udev/simrupt.sysusers.conf '$(DESTDIR)$(PREFIX)/lib/sysusers.d/simrupt.conf'
	for unit in $(wildcard simructl/systemd/*.service simructl/systemd/*.timer); do \
		install -D -m 644 -t '$(DESTDIR)$(PREFIX)/lib/systemd/system' "$$unit" && \
		sed -i 's|=/usr/bin/|=$(PREFIX)/bin/|' '$(DESTDIR)$(PREFIX)/lib/systemd/system'/"$${unit##*/}" || exit 1; done

install-module:
	@if test -e '$(MODULE_OUT)/simrupt.ko'; then \
		$(MAKE) modules_install INSTALL_MOD_PATH='$(DESTDIR)'; \
	else \
		echo 'The module is not built, so it is not installed: make modules, or the package simrupt-dkms.'; \
	fi

# The sources that DKMS builds from: all sources of the module, in whatever folders.
install-dkms:
	install -d '$(DKMS_SOURCES)' '$(DESTDIR)/usr/share/doc/simrupt-dkms/examples'
	cp -r --preserve=mode,timestamps kmod '$(DKMS_SOURCES)/'
	install -m 644 -t '$(DKMS_SOURCES)' Cargo.toml
	sed 's/#MODULE_VERSION#/$(VERSION)/' packaging/dkms/dkms.conf >'$(DKMS_SOURCES)/dkms.conf'
	install -D -m 755 -t '$(DKMS_SOURCES)/dkms' $(addprefix packaging/dkms/,catch-up check make-links make-metadata pre-build prune)
	install -D -m 644 -t '$(DKMS_SOURCES)/dkms' $(addprefix packaging/dkms/,Makefile rust.sh)
	install -D -m 644 -t '$(DKMS_SOURCES)/dkms/assembly' packaging/dkms/assembly/*
	install -D -m 644 -t '$(DESTDIR)/usr/share/doc/simrupt-dkms' Documentation/dkms.md Documentation/install.md \
		Documentation/secure-boot.md
	install -D -m 644 packaging/modprobe.conf '$(DESTDIR)/usr/share/doc/simrupt-dkms/examples/modprobe.d/simrupt.conf'
	install -D -m 644 packaging/modules-load.conf '$(DESTDIR)/usr/share/doc/simrupt-dkms/examples/modules-load.d/simrupt.conf'

uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/simructl' '$(DESTDIR)$(PREFIX)'/share/man/man1/simructl.1 \
		'$(DESTDIR)$(PREFIX)'/share/man/man1/simructl-*.1 '$(DESTDIR)$(PREFIX)'/share/man/man7/simructl-*.7 \
		'$(DESTDIR)$(PREFIX)/share/bash-completion/completions/simructl' '$(DESTDIR)$(ZSH_COMPLETIONS)/_simructl' \
		'$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/simructl.fish' \
		'$(DESTDIR)$(PREFIX)/lib/udev/rules.d/60-simrupt.rules' '$(DESTDIR)$(PREFIX)/lib/sysusers.d/simrupt.conf' \
		$(patsubst simructl/systemd/%,'$(DESTDIR)$(PREFIX)/lib/systemd/system/%',$(wildcard simructl/systemd/*.service simructl/systemd/*.timer))
	if test -e '$(KDIR)/Makefile'; then \
		rm -f '$(DESTDIR)/lib/modules/$(MODULE_RELEASE)/updates'/simrupt.ko*; \
		test -n '$(DESTDIR)' || depmod '$(MODULE_RELEASE)'; \
	fi

.PHONY: deb dist check-api check-deb check-dist check-dkms test-install test-secure-boot
deb dist check-api check-deb check-dist check-dkms test-install test-secure-boot:
	@packaging/$@
