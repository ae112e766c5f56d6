# A menu. Each line is also what the README and .ci/run call; nothing lives only here.

# what there is
default:
    @just --list

# the demo on http://localhost:8460, with nothing to configure
run:
    cargo run --release -- demo

# every test, after installing what is missing
test *steps:
    cargo xtask test {{steps}}

# floors, SQL in its place, format, lints
check:
    cargo xtask check

# docs/reference from the source
gen:
    cargo xtask gen

# figures of the dist profile
bench *args:
    cargo xtask bench {{args}}
