# SPDX-License-Identifier: GPL-2.0-only
# The targets. The work is done by kbuild (modules) and by the scripts of tests/lab, which get variables of the command
# line through their environment.

.DEFAULT_GOAL := modules

# The kernel build tree for `modules`.
KDIR ?= /lib/modules/$(shell uname -r)/build
# Where the objects of `modules` go: the sources stay clean.
MODULE_OUT := $(CURDIR)/build/kmod

SCRIPTS := tests/lab

.PHONY: help
help:
	@echo 'The module for a kernel of yours:'
	@echo '  make [modules] KDIR=TREE   build against a prepared tree; without KDIR the running kernel'
	@echo '  make modules_install       install what `make modules` has built (same KDIR)'
	@echo 'In a virtual machine; these set up what they need (5 minutes, once):'
	@echo '  make demo                  load the module and show what it does'
	@echo '  make test [TEST=NAME]      run all tests, or those whose names contain NAME'
	@echo '       WHOLE=1 takes all pairs of values, not a part of them, and adds the longest tests'
	@echo '       MODEL_STEPS=N, MODEL_SEED=N, FUZZ_ROUNDS=N, FUZZ_SEED=N: how much of what is random, and which'
	@echo '  make test-vm               only those that run in the machine'
	@echo '  make test-debug            those that find errors in the module, on a kernel with all checks (built first: 15 minutes, once)'
	@echo '       WHOLE=1 adds the others, and shortens nothing; FAULT_STEP=N: every N-th allocation fails'
	@echo '  make test-kcsan            the same with the detector of data races (built first: 15 minutes, once)'
	@echo '  make test-matrix           the same on every kernel that the module is for; the table is Documentation/kernels.md'
	@echo '       KERNELS="RELEASE..." tests some of them'
	@echo '  make test-weekly           what takes hours: WHOLE=1 on all kernels, the labs, packages on a system of their own'
	@echo '  make check-next            build against the newest kernels of Debian'"'"'s unstable and experimental, and say what broke;'
	@echo '       KERNEL=RELEASE against that one'
	@echo '  make shell [TOOLS=1]       a prompt with the module and simructl at hand; with bpftrace, drgn, perf and more'
	@echo '  make lab [LAB=NN]          exercises about interrupts and deferred work: the list, or one of them; labs/README.md'
	@echo '       HINT=1, HINT=2, SOLUTION=1; WORK=DIR: where your files are, and not in labs/; LAB=all grades all'
	@echo '  make labs                  hold every exercise to its solution, skeleton and mistakes'
	@echo '  make lab-bundle BUNDLE=FILE    all that exercises take, in one file for other machines'
	@echo '  make lab-unpack BUNDLE=FILE    set up from such a file, without a network'
	@echo '  make repeat [N=30]         run the VM tests N times and compare the results'
	@echo '  make bench [PRESET=lab]    measure the flavors; table, JSON, HTML and more in build/bench/'
	@echo '       PRESET=speed: what an event costs by drivers in C and in Rust, and in which functions; in build/speed/'
	@echo '       BENCH="OPTIONS" adds options of simructl bench, CPUS=N or N,sockets=N,... CPUs (1)'
	@echo '  make bench-repeat [N=2]    the same N times; the results must be the same'
	@echo '  make pictures              make the pictures of the documentation anew, from runs in virtual time'
	@echo '  make check-html            open the pages of make bench and of a trace in a headless Chromium and check them'
	@echo '  make book                  the documentation as a book with a search: build/book/index.html'
	@echo '  make check-book            make it, check its links, and open pages of it in a headless Chromium'
	@echo '  make check-docs [PAGE=...]  run the transcripts of the documentation, and compare; UPDATE=1 rewrites those that drifted'
	@echo '  make check-metrics         give metrics of simructl to promtool, node_exporter and Prometheus'
	@echo '  make check-perfetto        decode a trace of simructl by Perfetto'"'"'s own definitions'
	@echo '  make check-workflow        hold the workflow of continuous integration against the schema of such files'
	@echo '  make check-contributing [EXAMPLE=knob]'
	@echo '                             apply the examples of CONTRIBUTING.md to a copy of the sources, build it, and try them'
	@echo '  make compare-test-workqueue  the order of affinity scopes, against the kernel'"'"'s own benchmark'
	@echo '  make lab-modules           build the module for the kernel of the VM'
	@echo '  make setup                 only set up'
	@echo '  make doctor                what this machine lacks for all that, and what to do about it'
	@echo '  make check                 formatting and lints; links and spelling of the documentation'
	@echo 'For a machine of your own (Documentation/install.md):'
	@echo '  make tools                 simructl, optimized and static, with manual pages and completions'
	@echo '  make install, uninstall    what `make modules tools` has built: DESTDIR=, PREFIX=/usr/local, KDIR='
	@echo '  make deb                   Debian packages in build/deb; KERNELS="RELEASE..." for simrupt-modules-*,'
	@echo '       ARCHITECTURES=amd64 without simructl for arm64'
	@echo '  make dist                  a source archive in build/dist that builds without a network'
	@echo '  make check-dist            build it so'
	@echo '  make check-api [BASE=TAG]  the interfaces of the crates against those of a release, by cargo-semver-checks'
	@echo '  make check-deb             lint the packages; install, upgrade, remove and purge them'
	@echo '  make check-dkms            the DKMS package against headers in other distributions'"'"' layouts'
	@echo '  make test-install          the packages on a Debian 13 with systemd, across a kernel upgrade'
	@echo '  make test-secure-boot      signed and unsigned modules under UEFI Secure Boot'
	@echo 'Away with it:'
	@echo '  make clean                 delete build/'
	@echo '  make distclean             delete build/ and the set-up'
	@echo 'Variables: KERNEL=RELEASE (a Debian kernel, debug or kcsan), REALTIME=1 (real instead of virtual time),'
	@echo '  ASSUME_YES=1 (use sudo without asking), MIRROR=URL (of Debian), SIMRUPT_CACHE=DIR'

.PHONY: modules modules_install
modules modules_install:
	@$(SCRIPTS)/check-kdir '$(KDIR)'
	@mkdir -p '$(MODULE_OUT)'
	+$(MAKE) -C '$(KDIR)' M='$(CURDIR)/kmod' MO='$(MODULE_OUT)' $@

.PHONY: demo test test-vm shell repeat
demo test test-vm shell repeat:
	@$(SCRIPTS)/run $@

.PHONY: lab labs
lab:
	@$(SCRIPTS)/labs learner
labs:
	@$(SCRIPTS)/labs all

.PHONY: lab-bundle lab-unpack
lab-bundle:
	@$(SCRIPTS)/bundle pack '$(BUNDLE)'
lab-unpack:
	@$(SCRIPTS)/bundle unpack '$(BUNDLE)'

.PHONY: test-debug test-kcsan
test-debug test-kcsan:
	@KERNEL=$(@:test-%=%) $(SCRIPTS)/run test-vm

.PHONY: test-weekly
test-weekly:
	@KERNEL=debug WHOLE=1 MODEL_STEPS=20000 FUZZ_ROUNDS=4 FAULT_STEP=1 $(SCRIPTS)/run test-vm
	@WHOLE=1 $(MAKE) labs check-contributing test-kcsan test-matrix check-next compare-test-workqueue check-deb check-dkms check-dist test-install test-secure-boot

.PHONY: test-matrix
test-matrix:
	@$(SCRIPTS)/matrix

.PHONY: check-next
check-next:
	@$(SCRIPTS)/check-next

.PHONY: bench bench-repeat
bench:
	@$(SCRIPTS)/bench once
bench-repeat:
	@$(SCRIPTS)/bench repeat

.PHONY: pictures
pictures:
	@$(SCRIPTS)/pictures

.PHONY: check-docs
check-docs:
	@$(SCRIPTS)/docs check

.PHONY: check-html
check-html:
	@$(SCRIPTS)/page

.PHONY: book check-book
book:
	@$(SCRIPTS)/book make
check-book:
	@$(SCRIPTS)/book check

.PHONY: check-metrics
check-metrics:
	@$(SCRIPTS)/check-metrics

.PHONY: check-workflow
check-workflow:
	@$(SCRIPTS)/check-workflow

.PHONY: check-contributing
check-contributing:
	@$(SCRIPTS)/check-contributing

.PHONY: check-perfetto
check-perfetto:
	@$(SCRIPTS)/check-perfetto

.PHONY: compare-test-workqueue
compare-test-workqueue:
	@$(SCRIPTS)/test-workqueue

.PHONY: lab-modules
lab-modules: setup
	@$(SCRIPTS)/lab-modules

.PHONY: setup check doctor
setup check doctor:
	@$(SCRIPTS)/$@

.PHONY: clean
clean:
	@$(SCRIPTS)/clean build

.PHONY: distclean
distclean:
	@$(SCRIPTS)/clean all

include packaging/packaging.mk
