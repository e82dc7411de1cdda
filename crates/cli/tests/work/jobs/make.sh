# Three hundred small C files, by four compilers at once, into a library.
# needs: make cc ar
# only: nobody
mkdir -p src
for i in $(seq 300); do echo "int f$i(void) { return $i; }" >src/f$i.c; done
{ seq 300 | sed 's/.*/int f&(void);/'; echo 'int main(void) { int s = 0;'; seq 300 | sed 's/.*/s += f&();/'; echo 'return s != 45150; }'; } >main.c
cat >Makefile <<'END'
OBJECTS = $(patsubst src/%.c,out/%.o,$(wildcard src/*.c))
all: out/app
out/app: main.c out/lib.a; cc -O0 -o $@ $^
out/lib.a: $(OBJECTS); ar rcs $@ $^
out/%.o: src/%.c | out; @cc -O0 -pipe -c -o $@ $<
out:; mkdir -p out
clean:; rm -rf out
END
make -s -j4
./out/app && ls out | wc -l
touch src/f7.c && make -s -j4 && make -s -q && echo up to date
make -s clean && ! test -e out
make -s nothing 2>/dev/null || echo "no such target: $?"
