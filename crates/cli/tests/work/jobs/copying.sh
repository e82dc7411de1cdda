# Trees copied, packed, unpacked, synchronised and installed, with their modes,
# times and links.
# needs: tar rsync install python3
# compare: tree
umask 022
mkdir -p tree/sub/deep && echo a >tree/a && echo b >tree/sub/b && chmod 600 tree/sub/b && chmod 750 tree/sub
ln -s ../a tree/sub/link && ln tree/a tree/hard && mkfifo tree/pipe && : >tree/empty && chmod 1777 tree/sub/deep
printf '#!/bin/sh\n' >tree/run && chmod 755 tree/run && touch -d 2001-02-03T04:05:06Z tree/a tree/sub
cp -a tree copied && cp -r --no-preserve=all tree/sub plain
tar cf tree.tar tree && mkdir unpacked && tar xpf tree.tar -C unpacked && tar czf - tree | tar xzf - -C unpacked --transform 's,^tree,second,'
rsync -aH --no-specials tree/ synced/ && echo more >tree/new && rm tree/empty && rsync -aH --no-specials --delete tree/ synced/
install -m 751 -D tree/run bin/sub/run && install -d -m 700 private && cp --sparse=always tree/a sparse && cp -l tree/a linked && cp -s "$PWD/tree/a" pointed
mv plain moved && find tree -type f -exec chmod g+w {} + && find synced -name b -delete
python3 -c 'import shutil, zipfile; shutil.make_archive("z", "zip", "tree"); shutil.copytree("copied", "again", symlinks=True, ignore=shutil.ignore_patterns("pipe")); shutil.rmtree("copied"); zipfile.ZipFile("z.zip").extractall("unzipped")' 2>/dev/null || true
rm -rf tree.tar z.zip
(umask 077; mkdir u077; : >u077/f); (umask 0; mkdir u0; : >u0/f; mkfifo u0/p); (umask 027; mkdir u027; : >u027/f)
for d in tree unpacked/tree unpacked/second synced again; do find $d -printf '%p %M %n %l\n' | sort; done
stat -c %Y tree/a unpacked/tree/a synced/a tree/sub/b >/dev/null && stat -c %Y unpacked/tree/a unpacked/tree/sub
