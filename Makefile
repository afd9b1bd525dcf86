# dfuflash: `make demo` to see it work, `make test` to test it.

SWIFT ?= swift
PREFIX ?= /usr/local

# The Swift library, zlib and the C++ runtime inside the program, symbols and
# what nobody calls out: it runs where there is libc and libusb, and nothing
# else. scripts/static-flags says how the static libraries come before the others.
RELEASE_FLAGS = -c release -Xswiftc -Osize --static-swift-stdlib -Xlinker -s
ifeq ($(shell uname -s),Linux)
RELEASE_FLAGS += $(shell scripts/static-flags)
RELEASE_ENVIRONMENT = PKG_CONFIG_PATH=$(CURDIR)/.build/static:$$PKG_CONFIG_PATH
endif

.PHONY: all setup release demo test lint unit test-interop test-kernel fuzz bench install clean

all: release

setup:
	@scripts/setup

release: setup
	$(RELEASE_ENVIRONMENT) $(SWIFT) build $(RELEASE_FLAGS) --product dfuflash

demo: setup
	@$(SWIFT) build --product dfuflash
	@scripts/demo

test: lint unit test-interop test-kernel

lint:
	$(SWIFT) format lint --strict -r Sources Tests Package.swift

unit: setup
	$(SWIFT) test

test-kernel: release
	Tests/Kernel/run

test-interop:
	$(SWIFT) build --product dfuflash
	DFUFLASH=.build/debug/dfuflash Tests/Interop/run 4

fuzz: setup
	Fuzz/run

bench: release
	Benchmarks/run

install: release
	install -D -m 755 .build/release/dfuflash $(DESTDIR)$(PREFIX)/bin/dfuflash

clean:
	rm -rf .build
