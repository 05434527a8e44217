# Debian: apt-get install clang lld wasi-libc
mkdir -p out
exec clang --target=wasm32-wasi --sysroot=/usr -mexec-model=reactor -nodefaultlibs -O2 -o out/network-c.wasm examples/c/network.c -lc -lm
